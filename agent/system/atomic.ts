import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '../errors.ts';
import { faultPointSync } from '../fault-point.ts';
import { renameWhileRead, syncFile } from './atomic-windows.ts';
import type { CopyAttributes } from './attributes.ts';
import type { Owner, Platform, WriteOptions } from './system.ts';

export interface AtomicOptions extends Omit<WriteOptions, 'keepAttributes'> {
  /** Takes over from the file that is replaced what is neither its owner nor its mode. */
  readonly copyAttributes?: CopyAttributes | undefined;
  readonly platform?: Platform;
}

/**
 * Replaces a file so that a reader, or a machine that loses power, sees the old text or the new one. The temporary
 * file stands in the same folder under a hidden name; it is removed when anything fails. Synchronous on purpose: the
 * caller's next effect must come after the record.
 */
export function writeFileAtomic(link: string, text: string, mode = 0o600, options: AtomicOptions = {}): void {
  const path = behindLinks(link);
  const temporary = temporaryOf(path, process.pid);
  const present = options.owner === undefined ? statOf(path) : { ...options.owner, mode };
  try {
    faultPointSync('file.write.before');
    // What a killed process left goes; and in a folder that others may write to, a link of theirs is never followed.
    removeQuietly(temporary);
    const fd = openSync(temporary, 'wx', present?.mode ?? mode);
    try {
      writeAll(fd, Buffer.from(text, options.encoding));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    if (existsSync(path)) options.copyAttributes?.(path, temporary);
    giveTo(temporary, present, present?.mode ?? mode);
    faultPointSync('file.rename.before');
    if (options.platform === 'windows') renameWhileRead(temporary, path);
    else renameSync(temporary, path);
  } catch (error) {
    removeQuietly(temporary);
    throw error;
  }
  faultPointSync('file.write.after');
  if (options.platform === 'windows') syncFile(path);
  else syncFolder(dirname(path));
}

/** The mode after the owner: a change of owner takes bits away, as the umask does (chown(2)). */
function giveTo(path: string, owner: Owner | undefined, mode: number): void {
  if (owner !== undefined) chownSync(path, owner.uid, owner.gid);
  chmodSync(path, mode & 0o7777);
}

/** What a process that is killed while it writes leaves beside the file. */
export const temporaryOf = (path: string, pid: number): string => join(dirname(path), `.${basename(path)}.${pid}.tmp`);

/** Makes a rename or removal in a folder last through a power loss. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** A rename would replace a link, and leave what it points to as it was. */
function behindLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return path;
    throw error;
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

/** Only for what nobody needs any more: the first error is the one worth telling. */
function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Not there, or what comes next tells.
  }
}
