import { matchesGlob } from '../config/glob.ts';
import { UserError } from '../errors.ts';
import type { Classified } from './classes.ts';
import type { FileSystem } from './mounts.ts';

/** What narrows the set of file systems, and why. */
export interface Narrowing {
  /** `--mount`: exactly these mount points; undefined means all. */
  readonly only?: readonly string[];
  /** Beside `only`: ids of what the snapshot holds as well and nobody can freeze, which therefore weighs as it always does. */
  readonly covered?: readonly string[];
  /** `[freeze] exclude`: globs of mount points (`*` and `?` match any character), `type:xfs`, `device:/dev/sdb1`. */
  readonly exclude: readonly string[];
  /** Inside a container a bind mount is the host's file system: nothing is frozen unless it is named. */
  readonly container: boolean;
  /** Test guard: the only devices (`major:minor`) that may be frozen; undefined outside tests. */
  readonly testDevices?: readonly string[];
}

export interface Selection {
  readonly freeze: readonly FileSystem[];
  /** Everything else, with the reason: part of the outcome. */
  readonly left: readonly Left[];
}

export interface Left {
  readonly fileSystem: FileSystem;
  /** `unfreezable` lowers the level to crash; `excluded` and `exempt` do not. */
  readonly why: 'exempt' | 'unfreezable' | 'excluded';
  readonly reason: string;
}

/** Pure: which file systems are to be frozen. Throws a `UserError` for a name that cannot be honoured. */
export function select(classified: readonly Classified[], narrowing: Narrowing): Selection {
  for (const named of narrowing.only ?? []) assertFreezable(named, classified);
  const freeze: FileSystem[] = [];
  const left: Left[] = [];
  for (const { fileSystem, class: kind, reason } of classified) {
    const excluded = whyExcluded(fileSystem, narrowing);
    if (kind === 'exempt') left.push({ fileSystem, why: 'exempt', reason });
    else if (excluded !== undefined) left.push({ fileSystem, why: 'excluded', reason: excluded });
    else if (kind === 'unfreezable') left.push({ fileSystem, why: 'unfreezable', reason });
    else freeze.push(fileSystem);
  }
  assertNamedByTest(freeze, narrowing.testDevices);
  return { freeze, left };
}

/** Why a file system is left alone that `--mount` does not name. */
export const NOT_NAMED = 'not named by --mount';

function whyExcluded(fileSystem: FileSystem, { only, covered, exclude, container }: Narrowing): string | undefined {
  if (only !== undefined) {
    if (covered?.includes(fileSystem.id)) return undefined;
    return only.some((path) => isAt(fileSystem, path)) ? undefined : NOT_NAMED;
  }
  if (container) return 'this is a container: only what --mount names is frozen';
  const rule = excludedBy(fileSystem, exclude);
  return rule === undefined ? undefined : `[freeze] exclude = ${rule}`;
}

/** The first of `[freeze] exclude` that means it. */
export const excludedBy = (fileSystem: FileSystem, exclude: readonly string[]): string | undefined =>
  exclude.find((pattern) => matches(pattern, fileSystem));

function matches(pattern: string, fileSystem: FileSystem): boolean {
  if (pattern.startsWith('type:')) return fileSystem.type === pattern.slice(5);
  if (pattern.startsWith('device:')) return fileSystem.source === pattern.slice(7);
  return fileSystem.mountPoints.some((point) => matchesGlob(pattern, point));
}

/** A path that is not a mount point must not silently mean the file system around it: that may be `/`. */
function assertFreezable(named: string, classified: readonly Classified[]): void {
  const found = classified.find(({ fileSystem }) => isAt(fileSystem, named));
  if (found === undefined) {
    const known = classified.filter(({ class: kind }) => kind === 'freezable').map((one) => one.fileSystem.mountPoint);
    throw new UserError('freeze.not-a-mount-point', `${named} is not the mount point of a file system`, {
      remedy: `Those that can be frozen: ${known.join(', ') || 'none'}`,
    });
  }
  if (found.class === 'freezable') return;
  throw new UserError('freeze.not-freezable', `${named} cannot be frozen: ${found.reason}`, {
    remedy: 'Leave it out of --mount; the outcome lists what is not covered.',
  });
}

/** Under `QUIESCED_TEST=1` a test must have named each device: it is too easy to freeze the machine it runs on. */
export function assertNamedByTest(
  wanted: readonly { id: string; mountPoint: string }[],
  named?: readonly string[],
): void {
  const stranger = named && wanted.find(({ id }) => !named.includes(id));
  if (stranger === undefined) return;
  throw new UserError('test.device', `QUIESCED_TEST=1 forbids freezing ${stranger.mountPoint} (${stranger.id})`, {
    remedy: 'Name the device in QUIESCED_TEST_DEVICES.',
  });
}

/** The devices that a test named; undefined outside tests, where every device may be frozen. */
export const devicesNamedByTest = (env: Readonly<Record<string, string | undefined>>): readonly string[] | undefined =>
  env.QUIESCED_TEST === '1' ? (env.QUIESCED_TEST_DEVICES ?? '').split(',').filter((id) => id !== '') : undefined;

/** What is hidden beneath another mount is not what its path means: an automount trigger, or a disk mounted over. */
const isAt = ({ mountPoints, hidden }: FileSystem, path: string): boolean =>
  !hidden && mountPoints.includes(withoutSlashes(path));

/** `/data//` is `/data`; counted, since a pattern takes the square of their number. */
function withoutSlashes(path: string): string {
  let end = path.length;
  while (end > 1 && path[end - 1] === '/') end -= 1;
  return path.slice(0, end);
}
