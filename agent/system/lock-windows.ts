import { writeFileSync } from 'node:fs';
import { pathAccess, setAccessOfPath } from './access-windows.ts';
import { type Handle, kernel32, OPEN_ALWAYS, OPEN_EXISTING, READ_WRITE, SHARE_ALL } from './kernel32.ts';
import type { LockKind } from './lock.ts';
import { WINDOWS, windowsError } from './windows-error.ts';

/**
 * Far behind whatever is in the file: what is locked on Windows cannot be read by others, and they are to read who holds
 * it.
 */
const BYTE = { offsetHigh: 0x4000_0000 };

/** The text is replaced without being shortened first, which a lock behind its end might be in the way of. */
const TEXT_CHARS = 512;

/** LockFileEx: given back by the kernel when the process ends, however it does. Nobody inherits it. */
export const windowsLockKind: LockKind = {
  open(path) {
    const handle = opened(path, OPEN_ALWAYS);
    if (typeof handle === 'number') throw windowsError(`${path} cannot be opened`, handle);
    // Who may read a file may lock it, and the folder it is in is one that others read.
    try {
      setAccessOfPath(path, pathAccess(0o600));
    } catch (error) {
      kernel32().close(handle);
      throw error;
    }
    return {
      fd: undefined,
      tryLock: () => kernel32().lock(handle, 'exclusive', BYTE),
      write: (text) => writeFileSync(path, text.padEnd(TEXT_CHARS), { flag: 'r+' }),
      close: () => kernel32().close(handle),
    };
  },
};

/** By a shared lock for a moment: who takes the lock tries more than once. */
export function isLockedOnWindows(path: string): boolean {
  const handle = opened(path, OPEN_EXISTING);
  if (handle === WINDOWS.fileNotFound || handle === WINDOWS.pathNotFound) return false;
  if (typeof handle === 'number') throw windowsError(`${path} cannot be looked at`, handle);
  const free = kernel32().lock(handle, 'shared', BYTE);
  kernel32().close(handle);
  return !free;
}

const opened = (path: string, disposition: number): Handle | number =>
  kernel32().open(path, READ_WRITE, SHARE_ALL, disposition);
