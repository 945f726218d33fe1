import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileSystem } from '../../agent/freezer/mounts.ts';
import { readFileSystems } from '../../agent/freezer/mounts.ts';
import { localSystem } from '../../agent/system/local.ts';
import { must } from './command.ts';

/** As small as XFS can be made. */
const IMAGE_BYTES = 320e6;
const PROGRAMS = ['writer', 'freeze-peer', 'nest'] as const;
const PEERS = join(import.meta.dirname, 'peers');

/** The file systems of one run, the compiled programs, and the promise that nothing of it is left behind. */
export interface Arena {
  readonly folder: string;
  readonly fileSystems: readonly FileSystem[];
  readonly pidFolder: string;
  program(name: (typeof PROGRAMS)[number]): string;
  /** Mounts a tmpfs in the folder, to be unmounted with the rest. */
  tmpfs(name: string): Promise<string>;
  /** Thaws, unmounts and removes everything; throws when that was not possible. */
  close(): Promise<void>;
}

/**
 * The sweeper starts before there is anything to sweep and does its work
 * when its input ends: called by `close`, or because this process died.
 */
export async function openArena(inFolder: string, count: number, type: ArenaType = 'ext4'): Promise<Arena> {
  const folder = await mkdtemp(join(inFolder, 'quiesced-bench-'));
  const sweeper = spawn('sh', [join(PEERS, 'sweep.sh'), folder], {
    detached: true,
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  const close = () => sweep(sweeper);
  try {
    await build(folder);
    const mountPoints = Array.from({ length: count }, (_, index) => join(folder, `m${index}`));
    for (const mountPoint of mountPoints) await mountImage(mountPoint, type);
    return {
      folder,
      fileSystems: await findMounted(mountPoints),
      pidFolder: join(folder, 'pids'),
      program: (name) => join(folder, 'bin', name),
      tmpfs: (name) => mountTmpfs(join(folder, name)),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function build(folder: string): Promise<void> {
  await mkdir(join(folder, 'bin'));
  await mkdir(join(folder, 'pids'));
  for (const program of PROGRAMS) {
    const source = join(PEERS, `${program}.c`);
    await must(['cc', '-O2', '-Wall', '-pthread', '-o', join(folder, 'bin', program), source]);
  }
}

export type ArenaType = keyof typeof MKFS;

/** Lazy initialisation off: it would write in the background while we measure. */
const MKFS = {
  ext4: ['mkfs.ext4', '-q', '-E', 'lazy_itable_init=0,lazy_journal_init=0'],
  xfs: ['mkfs.xfs', '-q'],
  btrfs: ['mkfs.btrfs', '-q'],
} as const;

async function mountImage(mountPoint: string, type: ArenaType): Promise<void> {
  const image = `${mountPoint}.img`;
  const file = await open(image, 'wx', 0o600);
  await file.truncate(IMAGE_BYTES);
  await file.close();
  await must([...MKFS[type], image]);
  await mkdir(mountPoint);
  await must(['mount', '-o', 'loop', image, mountPoint]);
}

async function mountTmpfs(at: string): Promise<string> {
  await mkdir(at, { recursive: true });
  await must(['mount', '-t', 'tmpfs', '-o', 'mode=0700,size=64m', 'quiesced-bench', at]);
  return at;
}

async function findMounted(mountPoints: readonly string[]): Promise<readonly FileSystem[]> {
  const all = await readFileSystems(localSystem({ env: {} }));
  return mountPoints.map((mountPoint) => {
    const found = all.find((fileSystem) => fileSystem.mountPoint === mountPoint);
    if (found?.source.startsWith('/dev/loop')) return found;
    throw new Error(`${mountPoint} is not the mount of a loop device`);
  });
}

async function sweep(sweeper: ChildProcess): Promise<void> {
  if (sweeper.exitCode !== null) return;
  const ended = once(sweeper, 'exit');
  sweeper.stdin?.end();
  const [code] = await ended;
  if (code !== 0) throw new Error('the benchmark could not clean up behind itself: see above');
}
