import { closeSync, fsyncSync, openSync, renameSync } from 'node:fs';
import { errnoOf } from '../errors.ts';

const RENAME_TRIES = 25;
const RENAME_PAUSE_MS = 20;

/** On Windows a file that somebody reads (a virus scanner, a copy) may be in the way of the rename for a moment. */
export function renameWhileRead(temporary: string, path: string): void {
  for (let tries = 1; ; tries += 1) {
    try {
      renameSync(temporary, path);
      return;
    } catch (error) {
      if (tries === RENAME_TRIES || !['EPERM', 'EACCES', 'EBUSY'].includes(errnoOf(error) ?? '')) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RENAME_PAUSE_MS);
    }
  }
}

/**
 * Windows flushes no folders. NTFS writes its log in order: once it has flushed what comes after the rename, the rename
 * is on disk too.
 */
export function syncFile(path: string): void {
  const fd = openSync(path, 'r+');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
