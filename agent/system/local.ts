import { chmod, mkdir, readdir, readFile, readlink, rmdir, stat as statFile, unlink } from 'node:fs/promises';
import { sep } from 'node:path';
import { errnoOf, UserError } from '../errors.ts';
import { writeFileAtomic } from './atomic.ts';
import { loadCopyAttributes } from './attributes.ts';
import { physicalDrives } from './disk-start.ts';
import { windowsRegistry } from './registry-windows.ts';
import { resolveInRoot } from './root.ts';
import { CLEAN_ENV, runProgram } from './run.ts';
import { windowsServiceStates } from './service-states-windows.ts';
import type { Clock, FileStat, Platform, System } from './system.ts';
import { windowsVolumes } from './windows-volumes.ts';

/** The one place that asks Node which platform this is. */
export const platform: Platform = process.platform === 'win32' ? 'windows' : 'linux';

export interface LocalOptions {
  readonly root?: string;
  readonly live?: boolean;
  readonly env?: NodeJS.ProcessEnv;
  readonly clock?: Clock;
}

export const localClock: Clock = {
  monotonicMs: () => Number(process.hrtime.bigint()) / 1e6,
  now: () => new Date(),
};

/**
 * This machine. Under `QUIESCED_TEST=1` the root comes from `QUIESCED_TEST_ROOT`, and nothing outside it is written:
 * a test that forgot to say where it may write must fail, not change the machine.
 */
export function localSystem(options: LocalOptions = {}): System {
  const env = options.env ?? process.env;
  const testing = env.QUIESCED_TEST === '1';
  const root = options.root ?? (testing ? (env.QUIESCED_TEST_ROOT ?? '/') : '/');
  const live = options.live ?? options.root === undefined;
  const resolve = (path: string): string => (live && isKernelPath(path) ? path : resolveInRoot(root, path));
  const writable = (path: string): string => {
    if (testing && root === '/') {
      throw new UserError('test.no-root', `QUIESCED_TEST=1 forbids writing ${path} outside a test's own root`, {
        remedy: 'Set QUIESCED_TEST_ROOT to a folder of the test.',
      });
    }
    return resolve(path);
  };

  return {
    platform,
    root,
    live,
    privileged: process.geteuid === undefined || process.geteuid() === 0,
    env,
    clock: options.clock ?? localClock,
    ...(platform === 'windows' && live ? windowsParts() : {}),
    resolve,
    // In /sys and /proc a device or process may go between open and read; that is as if it had not been there.
    readText: (path, encoding = 'utf8') => unlessMissing(readFile(resolve(path), encoding), 'ENODEV', 'ESRCH'),
    list: async (path) => (await unlessMissing(readdir(resolve(path))))?.sort(),
    // Nothing is at the end of links that lead in a circle.
    stat: async (path) => {
      const wanted = (async () => statFile(resolve(path)))();
      return fileStat(await unlessMissing(wanted, 'ELOOP'));
    },
    readLink: (path) => unlessMissing(readlink(lastLinkKept(path, resolve)), 'EINVAL'),
    async write(path, text, { keepAttributes, ...options } = {}) {
      const copyAttributes = keepAttributes && platform === 'linux' ? await loadCopyAttributes() : undefined;
      writeFileAtomic(writable(path), text, options.mode, { ...options, copyAttributes });
    },
    makeDir: async (path, mode) => {
      await mkdir(writable(path), { recursive: true, mode });
      await chmod(writable(path), mode);
    },
    remove: async (path) => {
      await unlessMissing(unlink(writable(path)));
    },
    removeDir: async (path) => {
      await unlessMissing(rmdir(writable(path)), 'ENOTEMPTY', 'EEXIST');
    },
    run: (argv, runOptions) => runProgram(argv, runOptions, platform === 'windows' ? windowsEnv(env) : CLEAN_ENV),
  };
}

/** What only a Windows that runs can be asked. */
const windowsParts = (): Required<Pick<System, 'registry' | 'services' | 'volumes' | 'disks'>> => ({
  registry: windowsRegistry(),
  services: windowsServiceStates(),
  volumes: windowsVolumes(),
  disks: physicalDrives,
});

const isKernelPath = (path: string): boolean => /^\/(proc|sys|dev)(\/|$)/.test(path);

/** Resolves the folder of a path but not its last part, which is the link to be read. */
function lastLinkKept(path: string, resolve: (path: string) => string): string {
  const at = path.lastIndexOf(sep);
  return `${resolve(path.slice(0, at) || sep)}${sep}${path.slice(at + 1)}`;
}

async function unlessMissing<T>(wanted: Promise<T>, ...alsoMissing: string[]): Promise<T | undefined> {
  try {
    return await wanted;
  } catch (error) {
    // A name that is too long is nobody's: any user may give a mount one that we would look up below /sys.
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', ...alsoMissing].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

type NodeStats = Awaited<ReturnType<typeof statFile>>;

const fileStat = (stats: NodeStats | undefined): FileStat | undefined =>
  stats && {
    kind: kindOf(stats),
    mode: Number(stats.mode) & 0o7777,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    sizeBytes: Number(stats.size),
    modifiedMs: Number(stats.mtimeMs),
  };

const kindOf = (stats: NodeStats): FileStat['kind'] => {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  return stats.isSocket() ? 'socket' : 'other';
};

/** Windows programs do not start without SystemRoot, and find nothing without PATH. */
const windowsEnv = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(
    ['SystemRoot', 'windir', 'PATH', 'TEMP', 'TMP', 'ProgramData', 'ProgramFiles', 'ComSpec', 'PATHEXT'].flatMap(
      (key) => {
        const value = env[key];
        return value === undefined ? [] : [[key, value]];
      },
    ),
  );
