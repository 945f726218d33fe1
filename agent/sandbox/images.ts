import { basename, join } from 'node:path';
import { UserError } from '../errors.ts';
import type { System } from '../system/system.ts';
import { mountImage, mountsBelow, unmountImages } from './loops.ts';
import { thisOwner } from './owner.ts';

export const SANDBOX_TYPES = ['ext4', 'xfs', 'btrfs'] as const;
export type SandboxType = (typeof SANDBOX_TYPES)[number];

/** Real file systems in image files, made to be frozen, copied and thrown away. All paths as programs see them. */
export interface Sandbox {
  /** Private: mode 0700. Everything else lies in it. */
  readonly folder: string;
  /** A root prefix for records and configuration; never on a file system of the sandbox. */
  readonly root: string;
  readonly copies: string;
  readonly fileSystems: readonly SandboxFileSystem[];
}

export interface SandboxFileSystem {
  readonly type: SandboxType;
  readonly image: string;
  /** Where the taker puts the copy of the image. */
  readonly copy: string;
  readonly mountPoint: string;
  /** `/dev/loopN` */
  readonly device: string;
  /** major:minor of the superblock, as in mountinfo. */
  readonly id: string;
}

export interface SandboxOptions {
  /** Where sandboxes are made: a folder of the machine, on a file system that stays writable. */
  readonly baseDir?: string;
}

export const SANDBOX_BASE = '/var/tmp';
export const SANDBOX_PREFIX = 'quiesced-sandbox-';
export const OWNER_FILE = 'owner.json';
/** Where a copy is mounted to be examined. */
export const CHECK_FOLDER = 'check';

const PROGRAM_MS = 30_000;

/**
 * How each is made: large enough for its mkfs (mkfs.xfs 6 wants 300 MB, mkfs.btrfs 109 MiB), sparse, and finished
 * when mkfs is: ext4 would go on initialising in the background, and disturb the stall figures. Each fdatasync makes
 * btrfs write new tree nodes, and the image keeps the old ones: small nodes, and one copy of each, keep it small
 * (after 10 s of writing 25 MB are to be copied, and 130 MB with the defaults).
 */
const KINDS: Readonly<Record<SandboxType, { sizeMiB: number; mkfs: readonly string[]; package: string }>> = {
  ext4: {
    sizeMiB: 96,
    mkfs: ['mkfs.ext4', '-q', '-F', '-E', 'lazy_itable_init=0,lazy_journal_init=0'],
    package: 'e2fsprogs',
  },
  xfs: { sizeMiB: 320, mkfs: ['mkfs.xfs', '-q', '-f'], package: 'xfsprogs' },
  btrfs: { sizeMiB: 256, mkfs: ['mkfs.btrfs', '-q', '-f', '-m', 'single', '-n', '4096'], package: 'btrfs-progs' },
};

/** Makes and mounts one file system of each type. Throws with nothing left behind. */
export async function createSandbox(
  system: System,
  types: readonly SandboxType[],
  signal: AbortSignal,
  { baseDir = SANDBOX_BASE }: SandboxOptions = {},
): Promise<Sandbox> {
  await assertPossible(system);
  // Random and exclusive: the base folder may be everybody's.
  const made = await run(
    system,
    ['mktemp', '-d', join(system.resolve(baseDir), `${SANDBOX_PREFIX}XXXXXXXXXX`)],
    signal,
  );
  const path = join(baseDir, basename(made));
  // Mount tables have paths without symbolic links.
  const folder = await run(system, ['realpath', '-e', made], signal);
  try {
    await system.write(join(path, OWNER_FILE), JSON.stringify(await thisOwner(system)), { mode: 0o600 });
    for (const name of ['root', 'images', 'copies', CHECK_FOLDER]) await system.makeDir(join(path, name), 0o700);
    for (const type of types) await system.makeDir(join(path, 'mnt', type), 0o700);
    const fileSystems = await allSettled(types.map((type) => createFileSystem(system, folder, type, signal)));
    return { folder, root: join(folder, 'root'), copies: join(folder, 'copies'), fileSystems };
  } catch (error) {
    // Why there is no sandbox is worth more than why its remains are still there: the next sweep takes those.
    await removeSandbox(system, folder).catch(() => undefined);
    throw error;
  }
}

/** Like Promise.all, but nothing is under way any more when it throws: no mount appears behind the clean-up. */
async function allSettled<T>(wanted: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(wanted);
  return Promise.all(wanted);
}

/**
 * Unmounts what is mounted in a sandbox and removes it. Its writers should have ended; one that has not loses its file
 * system. Safe for a half-made one, and again. Throws, and removes nothing, when somebody else has mounted something
 * in it.
 */
export async function removeSandbox(system: System, folder: string): Promise<void> {
  if (!basename(folder).startsWith(SANDBOX_PREFIX)) throw new Error(`${folder} is not a sandbox`);
  assertOursAlone(folder, await unmountImages(system, folder));
  // Another file system is never entered, whatever was mounted there a moment ago.
  await run(system, ['rm', '-rf', '--one-file-system', '--', folder], undefined);
}

/** Unmounts the originals, so that the copies, which have the same UUIDs, can be mounted. */
export async function unmountSandbox(system: System, sandbox: Sandbox): Promise<void> {
  assertOursAlone(sandbox.folder, await unmountImages(system, sandbox.folder));
}

function assertOursAlone(folder: string, { foreign }: { readonly foreign: readonly string[] }): void {
  const [first] = foreign;
  if (first === undefined) return;
  throw new UserError('sandbox.foreign-mount', `something that is not the sandbox's is mounted on ${first}`, {
    remedy: `umount ${first}, then remove ${folder}`,
  });
}

async function assertPossible(system: System): Promise<void> {
  if (!system.privileged) {
    throw new UserError('sandbox.not-root', 'a rehearsal in a sandbox mounts file systems, which only root may do', {
      remedy: 'Run it with sudo.',
    });
  }
  if ((await system.stat('/dev/loop-control')) === undefined) {
    throw new UserError('sandbox.no-loop', 'there are no loop devices here: /dev/loop-control is missing', {
      remedy: 'Load the module: modprobe loop. A container needs --device /dev/loop-control and loop devices.',
    });
  }
}

async function createFileSystem(
  system: System,
  folder: string,
  type: SandboxType,
  signal: AbortSignal,
): Promise<SandboxFileSystem> {
  const { sizeMiB, mkfs, package: from } = KINDS[type];
  const image = join(folder, 'images', `${type}.img`);
  const mountPoint = join(folder, 'mnt', type);
  await run(system, ['truncate', '-s', `${sizeMiB}M`, image], signal);
  await run(system, [...mkfs, image], signal, `Install ${from}: apt install ${from}, or dnf install ${from}`);
  const { error } = await mountImage(system, { type, image, mountPoint }, signal);
  if (error !== undefined) {
    throw new UserError('sandbox.mount', `the ${type} image cannot be mounted: ${error}`, {
      remedy: `Does this kernel know ${type}, and has it loop devices? See: modprobe ${type}, losetup --find`,
    });
  }
  const mounted = (await mountsBelow(system, mountPoint)).at(-1);
  if (mounted === undefined) throw new Error(`${mountPoint} is missing in /proc/self/mountinfo`);
  const { device, id } = mounted;
  return { type, image, copy: join(folder, 'copies', `${type}.img`), mountPoint, device, id };
}

/** The trimmed output of a program that must succeed. */
async function run(
  system: System,
  argv: readonly string[],
  signal: AbortSignal | undefined,
  remedy?: string,
): Promise<string> {
  signal?.throwIfAborted();
  const options = { timeoutMs: PROGRAM_MS, ...(signal === undefined ? {} : { signal }) };
  const { ended, exitCode, stdout, stderr } = await system.run(argv, options);
  signal?.throwIfAborted();
  if (exitCode === 0) return stdout.trim();
  if (ended === 'not-found') {
    throw new UserError('sandbox.no-program', `${argv[0]} is not installed`, remedy === undefined ? {} : { remedy });
  }
  throw new Error(`${argv.join(' ')} ended with ${exitCode ?? ended}: ${stderr.trim()}`);
}
