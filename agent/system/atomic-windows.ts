import { closeSync, fsyncSync, openSync, renameSync } from 'node:fs';
import { errnoOf } from '../errors.ts';

const TRIES = 25;
const PAUSE_MS = 20;

/** On Windows a file that somebody reads (a virus scanner, a copy) may be in the way of the rename for a moment. */
export const renameWhileRead = (temporary: string, path: string): void => whileRead(() => renameSync(temporary, path));

/**
 * Windows flushes no folders. NTFS writes its log in order: once it has flushed what comes after the rename, the rename
 * is on disk too.
 */
export const syncFile = (path: string): void =>
  whileRead(() => {
    const fd = openSync(path, 'r+');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  });

function whileRead(act: () => void): void {
  for (let tries = 1; ; tries += 1) {
    try {
      act();
      return;
    } catch (error) {
      if (tries === TRIES || !['EPERM', 'EACCES', 'EBUSY'].includes(errnoOf(error) ?? '')) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    }
  }
}
