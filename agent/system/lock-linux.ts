import { closeSync, constants, ftruncateSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import type { LockKind } from './lock.ts';
import { loadLibc } from './native.ts';

/** flock(2): given up by the kernel with the last process that has the file open, children among them. */
export async function flockKind(): Promise<LockKind> {
  const libc = await loadLibc();
  return {
    open(path) {
      const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
      return {
        fd,
        tryLock: () => libc.lockFile(fd) === 0,
        write(text) {
          ftruncateSync(fd, 0);
          writeSync(fd, text, 0);
        },
        close: () => closeSync(fd),
      };
    },
  };
}

/**
 * Without touching the file: by the kernel's table of locks, proc_locks(5), where a lock taken for a moment to find out
 * would turn others away.
 */
export function isFlocked(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return false;
  const file = asInProcLocks(stats);
  return readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .some((line) => line.includes(' FLOCK ') && line.split(/\s+/).includes(file));
}

/** `MAJOR:MINOR:INODE`, the device in hexadecimal, from the numbers that makedev(3) puts together. */
function asInProcLocks({ dev, ino }: { readonly dev: number; readonly ino: number }): string {
  const major = (dev >>> 8) & 0xfff;
  const minor = (dev & 0xff) | ((dev >>> 12) & 0xfff00);
  const hex = (number: number): string => number.toString(16).padStart(2, '0');
  return `${hex(major)}:${hex(minor)}:${ino}`;
}
