import type { LibraryHandle } from 'koffi';

/** ioctl_fsfreeze: `_IOWR('X', 119, int)` and `_IOWR('X', 120, int)` of linux/fs.h, the same on x86-64 and arm64. */
const FIFREEZE = 0xc0045877;
const FITHAW = 0xc0045878;

const F_SETLK = 6;
const F_GETLK = 5;
const F_WRLCK = 1;
const F_UNLCK = 2;
const LOCK_EX_NB = 2 | 4;

/** 0 when the call succeeded, else the error number. */
export type Errno = number;
export const EIO = 5;
export const EAGAIN = 11;
export const EACCES = 13;
export const EBUSY = 16;
export const EINVAL = 22;
export const EMSGSIZE = 90;
export const ENOBUFS = 105;

/**
 * The system calls that Node does not offer. Each asynchronous one occupies a thread of the pool until the kernel is
 * done with it, which for a freeze may be never: `UV_THREADPOOL_SIZE` must leave room for all of them at once.
 */
export interface Libc {
  freeze(fd: number): Promise<Errno>;
  thaw(fd: number): Promise<Errno>;
  syncfs(fd: number): Promise<Errno>;
  /** Exclusive flock(2), without waiting. Belongs to the open file: children that inherit the descriptor hold it too. */
  lockFile(fd: number): Errno;
  /** POSIX record lock on the whole file, as lockf(3) takes it; on failure the process that holds it, where known. */
  lockRecord(fd: number): { readonly errno: Errno; readonly holder: number | undefined };
  /** Name of an error number, `EBUSY`. */
  errorName(errno: Errno): string;
}

/** A process has one koffi and one libc, however many parts of it use them. */
let loaded: Promise<{ koffi: Koffi; library: LibraryHandle }> | undefined;
type Koffi = typeof import('koffi').default;

/** Loads koffi and libc, on first use: importing this file is free, on every platform. */
export function loadNative(): Promise<{ koffi: Koffi; library: LibraryHandle }> {
  loaded ??= import('koffi').then(({ default: koffi }) => {
    // The default of 256 parallel calls would make the freeze of more file systems wait for itself.
    koffi.config({ max_async_calls: 4096 });
    return { koffi, library: koffi.load(null) };
  });
  return loaded;
}

/**
 * A library of Windows by its file name, `advapi32.dll`. At once, unlike the others: whether somebody holds a lock, or
 * what this process may do, is asked where nobody waits.
 */
export function openLibrary(name: string): { koffi: Koffi; library: LibraryHandle } {
  // As in `http.ts`: an `import` would be one more part of Node to load where it is not needed.
  const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);
  const koffi = require('koffi') as Koffi;
  return { koffi, library: koffi.load(name) };
}

/** Binds the calls; the same ones for everybody. */
export async function loadLibc(): Promise<Libc> {
  const { koffi, library } = await loadNative();
  const ioctl = library.func('int ioctl(int fd, ulong request, ulong argument)');
  const syncfs = library.func('int syncfs(int fd)');
  const flock = library.func('int flock(int fd, int operation)');
  const record = recordLock(koffi, library);
  const call = (native: typeof ioctl, ...args: number[]): Promise<Errno> =>
    new Promise((resolve, reject) => {
      // koffi carries the worker thread's errno over to this callback.
      native.async(...args, (error: unknown, result: number) => {
        if (error) reject(error);
        else resolve(result === -1 ? koffi.errno() : 0);
      });
    });

  return {
    freeze: (fd) => call(ioctl, fd, FIFREEZE, 0),
    thaw: (fd) => call(ioctl, fd, FITHAW, 0),
    syncfs: (fd) => call(syncfs, fd),
    lockFile: (fd) => (flock(fd, LOCK_EX_NB) === 0 ? 0 : koffi.errno()),
    lockRecord: record,
    errorName: (errno) => Object.entries(koffi.os.errno).find(([, value]) => value === errno)?.[0] ?? `error ${errno}`,
  };
}

/** fcntl(2) with `struct flock` of 64-bit Linux. */
function recordLock(koffi: Koffi, library: LibraryHandle): Libc['lockRecord'] {
  const flockType = koffi.struct({ type: 'short', whence: 'short', start: 'int64', length: 'int64', pid: 'int' });
  const fcntl = library.func('fcntl', 'int', ['int', 'int', koffi.inout(koffi.pointer(flockType))]);
  return (fd) => {
    const wanted = { type: F_WRLCK, whence: 0, start: 0, length: 0, pid: 0 };
    if (fcntl(fd, F_SETLK, wanted) === 0) return { errno: 0, holder: undefined };
    const errno = koffi.errno();
    const answer = { ...wanted };
    const known = fcntl(fd, F_GETLK, answer) === 0 && answer.type !== F_UNLCK;
    return { errno, holder: known ? answer.pid : undefined };
  };
}
