import { chmod, mkdir, readdir, readFile, readlink, rmdir, stat as statFile, unlink } from 'node:fs/promises';
import { sep } from 'node:path';
import { errnoOf, UserError } from '../errors.ts';
import { writeFileAtomic } from './atomic.ts';
import { loadCopyAttributes } from './attributes.ts';
import { resolveInRoot } from './root.ts';
import { CLEAN_ENV, runProgram } from './run.ts';
import type { Clock, FileStat, Platform, System } from './system.ts';

/** The one place that asks Node which platform this is. */
export const platform: Platform = process.platform === 'win32' ? 'windows' : 'linux';

/** Loaded where it is needed alone: on Linux each command would start later by it. */
const windows = platform === 'windows' ? await import('./windows-parts.ts') : undefined;

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
  let elevated: boolean | undefined;
  const resolve = (path: string): string => {
    // Behind the letter of a disk there is no root to be put: on Windows a test says what it may write below.
    if (platform === 'windows') return path;
    return live && isKernelPath(path) ? path : resolveInRoot(root, path);
  };
  const writable = (path: string): string => {
    const outside = platform === 'windows' ? !path.toLowerCase().startsWith(root.toLowerCase()) : root === '/';
    if (testing && outside) {
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
    // On Windows only when it is asked for: it takes a library of its own.
    get privileged() {
      elevated ??= windows?.isElevated() ?? process.geteuid?.() === 0;
      return elevated;
    },
    env,
    clock: options.clock ?? localClock,
    ...(live ? windows?.windowsParts() : {}),
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
      writeFileAtomic(writable(path), text, options.mode, { ...options, copyAttributes, platform });
    },
    async makeDir(path, mode) {
      if (windows !== undefined) return windows.makeWindowsFolder(this, writable(path), mode);
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
