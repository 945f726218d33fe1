import type { System } from '../system/system.ts';

/** One line of mountinfo: proc_pid_mountinfo(5). */
export interface Mount {
  readonly id: number;
  readonly parent: number;
  /** `major:minor` of the superblock; what statx and stat report for btrfs is another number. */
  readonly device: string;
  /** Which folder of the file system is mounted here: `/` unless it is a bind mount or a subvolume. */
  readonly root: string;
  readonly mountPoint: string;
  readonly type: string;
  readonly source: string;
  /** Options of the superblock, shared by all its mounts; `ro` of one mount alone is not among them. */
  readonly superOptions: readonly string[];
}

/** One superblock, however often it is mounted. */
export interface FileSystem {
  /** `major:minor` of the superblock. */
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly readOnly: boolean;
  /** The mount to name it by: the first of `mountPoints`. */
  readonly mountPoint: string;
  /** All that can be reached; those that show the whole file system first, then the shortest. Never empty. */
  readonly mountPoints: readonly string[];
  /** Each of its mounts is covered by another one: no path leads to it. */
  readonly hidden: boolean;
}

/**
 * The table of mounts: PID 1's, since a service may have mounts of its own; or ours where we may not read that (no root), or
 * where PID 1 has another root, so that its paths lead elsewhere (a namespace that somebody made by hand). Windows has none.
 */
export async function readMountinfo(system: System): Promise<string> {
  if (system.platform === 'windows') return '';
  const [first, own] = [
    await readOrNothing(system, '/proc/1/mountinfo'),
    await system.readText('/proc/self/mountinfo'),
  ];
  const elsewhere = rootOf(own ?? '') !== undefined && rootOf(first ?? '') !== rootOf(own ?? '');
  return (elsewhere ? own : (first ?? own)) ?? '';
}

/** Which file system `/` shows: the last that was mounted there. */
const rootOf = (table: string): string | undefined =>
  table
    .match(/^\d+ \d+ \S+ \S+ \/ /gm)
    ?.at(-1)
    ?.split(' ')[2];

/** The file systems of the machine. */
export const readFileSystems = async (system: System): Promise<readonly FileSystem[]> =>
  fileSystemsOf(parseMountinfo(await readMountinfo(system)));

const readOrNothing = async (system: System, path: string): Promise<string | undefined> => {
  try {
    return await system.readText(path);
  } catch {
    // EACCES without root: the caller has another file to ask.
    return undefined;
  }
};

/** Lines that are not of the documented form are left out: a later kernel may add what it likes. */
export const parseMountinfo = (text: string): readonly Mount[] =>
  text.split('\n').flatMap((line) => parseLine(line) ?? []);

/** The mount that a path leads to, once its links are followed: of the longest mount points the last one mounted. */
export const mountOf = (mounts: readonly Mount[], path: string): Mount | undefined =>
  mounts
    .filter(({ mountPoint }) => mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`))
    .reduce<Mount | undefined>(
      (best, mount) => (best === undefined || mount.mountPoint.length >= best.mountPoint.length ? mount : best),
      undefined,
    );

function parseLine(line: string): Mount | undefined {
  const fields = line.split(' ');
  // Optional fields, none or many, end with a single hyphen.
  const hyphen = fields.indexOf('-', 6);
  const [id, parent, device, root, mountPoint] = fields;
  if (hyphen < 0 || root === undefined || mountPoint === undefined) return undefined;
  if (!/^\d+$/.test(id ?? '') || !/^\d+:\d+$/.test(device ?? '')) return undefined;
  return {
    id: Number(id),
    parent: Number(parent),
    device: device ?? '',
    root: unescapeOctal(root),
    mountPoint: unescapeOctal(mountPoint),
    type: unescapeOctal(fields[hyphen + 1] ?? ''),
    source: unescapeOctal(fields[hyphen + 2] ?? ''),
    superOptions: (fields[hyphen + 3] ?? '').split(','),
  };
}

/** The kernel writes space, tab, newline, backslash and `#` as three octal digits of the byte. */
const unescapeOctal = (text: string): string =>
  text.replace(/\\([0-3][0-7]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

/** One entry per superblock, in the order in which they were first mounted. */
export function fileSystemsOf(mounts: readonly Mount[]): readonly FileSystem[] {
  const covered = coveredMounts(mounts);
  return [...Map.groupBy(mounts, (mount) => mount.device)].map(([id, ofOne]) => {
    const reachable = ofOne.filter((mount) => !covered.has(mount));
    const best = (reachable.length > 0 ? reachable : ofOne).toSorted(
      (a, b) => Number(b.root === '/') - Number(a.root === '/') || a.mountPoint.length - b.mountPoint.length,
    );
    const [first] = best as [Mount, ...Mount[]];
    return {
      id,
      type: first.type,
      source: first.source,
      readOnly: first.superOptions.includes('ro'),
      mountPoint: first.mountPoint,
      mountPoints: [...new Set(best.map((mount) => mount.mountPoint))],
      hidden: reachable.length === 0,
    };
  });
}

/**
 * Mounts that no path leads to: something is mounted over the mount itself (its child at the same place), or over a
 * folder on the way to it (a sibling that is not its parent), or over a mount that it hangs on.
 */
function coveredMounts(mounts: readonly Mount[]): ReadonlySet<Mount> {
  const byId = new Map(mounts.map((mount) => [mount.id, mount]));
  const places = new Set(mounts.map((mount) => `${mount.parent} ${mount.mountPoint}`));
  const directly = new Set(
    mounts.filter((mount) => {
      const over = places.has(`${mount.id} ${mount.mountPoint}`);
      return over || foldersAbove(mount.mountPoint).some((folder) => places.has(`${mount.parent} ${folder}`));
    }),
  );
  // A covering mount hangs on the one that it covers and is reached all the same, hence the comparison of places.
  const isCovered = (mount: Mount, hops: number): boolean => {
    if (directly.has(mount)) return true;
    const parent = byId.get(mount.parent);
    if (parent === undefined || parent === mount || hops === 0) return false;
    return parent.mountPoint !== mount.mountPoint && isCovered(parent, hops - 1);
  };
  return new Set(mounts.filter((mount) => isCovered(mount, mounts.length)));
}

/** `/a/b/c` → `/a/b`, `/a`: without `/`, beneath which everything is mounted. */
const foldersAbove = (path: string): readonly string[] => {
  const parts = path.split('/').slice(1, -1);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`);
};
