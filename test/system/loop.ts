import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { parseMountinfo } from '../../agent/freezer/mounts.ts';
import { COMPILED } from '../compiled.ts';
import { type Cli, createCli } from './loop-cli.ts';
import { allEnded, EXPEDITED, expedited, notExpedited, processesOf } from './loop-observe.ts';

const PROGRAMS = ['mkfs.ext4', 'mkfs.xfs', 'mkfs.btrfs', 'fsfreeze', 'losetup', 'addpart', 'python3'];
const SWEEP = join(import.meta.dirname, 'loop-sweep.sh');
/** A `mkfs`, or the making of a database, on a disk that others keep busy. */
const COMMAND_MS = 180_000;

export type LoopType = 'ext4' | 'xfs' | 'btrfs';

/** One loop-mounted file system of a test. */
export interface Mounted {
  readonly mountPoint: string;
  readonly type: LoopType;
  /** `major:minor` of the superblock, from mountinfo. */
  readonly id: string;
  readonly source: string;
}

/** A private root, real file systems, and the program, which may freeze these and nothing else. */
export interface Rig {
  readonly folder: string;
  /** `QUIESCED_TEST_ROOT`. */
  readonly root: string;
  readonly cli: Cli;
  /** Makes and mounts one; `in`: the image lies on another one. */
  make(type: LoopType, options?: { readonly in?: Mounted }): Promise<Mounted>;
  /** Mounts a device that the test made itself. */
  mount(type: LoopType, source: string): Promise<Mounted>;
  /** `mount` and its arguments; whatever is mounted below the folder is unmounted at the end. */
  mountBy(...args: readonly string[]): Promise<void>;
  /** A folder in which something can be mounted. */
  place(): string;
  /** A sparse file; `in` as for `make`. */
  image(bytes: number, at?: Mounted): string;
  /** Writes a file of the private root, with folders that only root may write. `$FOLDER` stands for the folder. */
  put(path: string, text: string, mode?: number): string;
  /** Its `quiesced.conf`. At first it allows a freeze of a minute: longer than any test lasts on a busy machine. */
  configure(text: string): void;
  /** Text of a file below the folder; empty where there is none. */
  read(path: string): string;
  has(path: string): boolean;
}

/** Why these tests cannot run here; false when they can. */
export function whyNot(): string | false {
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) return 'needs root on Linux';
  if (!existsSync('/dev/loop-control')) return 'there is no /dev/loop-control';
  const folders = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'];
  const missing = PROGRAMS.filter((name) => !folders.some((folder) => existsSync(join(folder, name))));
  return missing.length > 0 && `not installed: ${missing.join(', ')}`;
}

/**
 * A test with file systems of its own. When it is over, the program must have left nothing running, frozen, expedited
 * or locked by itself; then all that the test made is taken back, by a process that outlives this one.
 */
export function loopTest(title: string, body: (t: Test, rig: Rig) => Promise<void>): void {
  t.test(title, { skip: whyNot() }, async (t) => {
    const folder = mkdtempSync('/var/tmp/quiesced-loop-');
    chmodSync(folder, 0o755);
    const sweeper = startSweeper(folder);
    const expeditedBefore = expedited();
    try {
      const rig = createRig(folder);
      await body(t, rig);
      await leftNothing(t, rig, expeditedBefore);
    } finally {
      t.equal(await sweep(sweeper), 0, 'everything that the test made was taken back');
      // What was told above is no reason to leave it so.
      if (expeditedBefore === '0') writeFileSync(EXPEDITED, '0');
    }
  });
}

/** What the program itself must have seen to. */
async function leftNothing(t: Test, rig: Rig, expeditedBefore: string): Promise<void> {
  await allEnded(rig.root);
  t.strictSame(processesOf(rig.root), [], 'no process of ours is left');
  t.notOk(rig.has('root/run/quiesced/journal/freeze.jsonl'), 'no record of a freeze is left');
  // Raised before: by another test on this machine, which may put it back at any time.
  t.ok(expeditedBefore !== '0' || (await notExpedited()), 'rcu_expedited is as before');
}

function startSweeper(folder: string): ChildProcess {
  const sweeper = spawn('/bin/sh', [SWEEP], { detached: true, stdio: ['pipe', 'ignore', 'inherit'], env: PATH_ONLY });
  sweeper.stdin?.write(`${folder}\n`);
  return sweeper;
}

async function sweep(sweeper: ChildProcess): Promise<number> {
  const ended = once(sweeper, 'exit');
  sweeper.stdin?.end();
  return (await ended)[0];
}

const PATH_ONLY = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' };

/** Runs a program of the system; throws with what it said when it fails. */
export const must = async (file: string, ...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)(file, [...args], { timeout: COMMAND_MS, env: PATH_ONLY })).stdout;

function createRig(folder: string): Rig {
  const root = join(folder, 'root');
  mkdirSync(join(root, 'run'), { recursive: true, mode: 0o755 });
  const devices = new Set<string>();
  let count = 0;
  const rig: Rig = {
    folder,
    root,
    cli: createCli(() => ({
      ...PATH_ONLY,
      NODE_COMPILE_CACHE: COMPILED,
      QUIESCED_TEST: '1',
      QUIESCED_TEST_ROOT: root,
      QUIESCED_TEST_DEVICES: [...devices].join(','),
    })),
    async make(type, options = {}) {
      const image = rig.image(BYTES[type], options.in);
      await must(`mkfs.${type}`, ...MKFS[type], image);
      return rig.mount(type, image);
    },
    async mount(type, image) {
      const mountPoint = rig.place();
      await rig.mountBy('-t', type, ...(image.startsWith('/dev/') ? [] : ['-o', 'loop']), image, mountPoint);
      const { id, source } = mountedAt(mountPoint);
      devices.add(id);
      return { mountPoint, type, id, source };
    },
    async mountBy(...args) {
      await must('mount', ...args);
    },
    place() {
      count += 1;
      const place = join(folder, `m${count}`);
      mkdirSync(place);
      return place;
    },
    image(bytes, at) {
      count += 1;
      const image = join(at?.mountPoint ?? folder, `image${count}`);
      writeFileSync(image, '');
      truncateSync(image, bytes);
      return image;
    },
    put(path, text, mode = 0o600) {
      const file = join(root, path);
      mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
      writeFileSync(file, text.replaceAll('$FOLDER', folder));
      chmodSync(file, mode);
      return file;
    },
    configure: (text) => void rig.put('etc/quiesced/quiesced.conf', text),
    read: (path) => (rig.has(path) ? readFileSync(join(folder, path), 'utf8') : ''),
    has: (path) => existsSync(join(folder, path)),
  };
  rig.configure('[snapshot]\nfrozen-deadline = 60s\n');
  return rig;
}

const BYTES: Readonly<Record<LoopType, number>> = { ext4: 48e6, xfs: 320e6, btrfs: 144e6 };
/** Lazy initialisation off: it would write in the background while a test watches. */
const MKFS: Readonly<Record<LoopType, readonly string[]>> = {
  ext4: ['-q', '-E', 'lazy_itable_init=0,lazy_journal_init=0'],
  xfs: ['-q'],
  btrfs: ['-q'],
};

/** Refuses what is no loop device of ours: nothing else may ever be named to the program. */
function mountedAt(mountPoint: string): { readonly id: string; readonly source: string } {
  const mounts = parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8'));
  const found = mounts.findLast((mount) => mount.mountPoint === mountPoint);
  if (found === undefined || !found.source.startsWith('/dev/loop')) throw new Error(`${mountPoint} is no loop mount`);
  return { id: found.device, source: found.source };
}
