import { chmodSync, chownSync, closeSync, fsyncSync, openSync, renameSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '../errors.ts';

/**
 * Replaces a file so that a reader, or a machine that loses power, sees the old text or the new one. The temporary
 * file stands in the same folder under a hidden name; it is removed when anything fails. Synchronous on purpose: the
 * caller's next effect must come after the record.
 */
export function writeFileAtomic(path: string, text: string, mode = 0o600): void {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  const present = statOf(path);
  try {
    const fd = openSync(temporary, 'w', present?.mode ?? mode);
    try {
      writeAll(fd, Buffer.from(text));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    // The umask may have taken bits away.
    chmodSync(temporary, (present?.mode ?? mode) & 0o7777);
    if (present !== undefined) chownSync(temporary, present.uid, present.gid);
    renameSync(temporary, path);
  } catch (error) {
    removeQuietly(temporary);
    throw error;
  }
  syncFolder(dirname(path));
}

/** Makes a rename or removal in a folder last through a power loss. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  let done = 0;
  while (done < bytes.length) done += writeSync(fd, bytes, done);
}

function statOf(path: string): { mode: number; uid: number; gid: number } | undefined {
  try {
    return statSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Only for what we are about to give up anyway: the first error is the one worth telling. */
function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Never created, or the same fault as above.
  }
}
