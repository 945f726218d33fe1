import { closeSync, constants, ftruncateSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { messageOf, UserError } from '../errors.ts';
import { faultPoint, faultPointSync } from '../fault-point.ts';
import { loadLibc } from './native.ts';

/** Who holds the lock; text in the lock file, so that the one who is refused can say whom to wait for. */
export interface LockHolder {
  readonly pid: number;
  readonly command: string;
  readonly since: string;
}

export interface Lock {
  /** Children that inherit it keep the lock after we are gone. */
  readonly fd: number;
  release(): void;
}

/** The guard of the run before holds the lock for a moment longer than the run. */
const PATIENCE_MS = 500;
const RETRY_MS = 20;

/**
 * One at a time: flock(2) on a file, given up by the kernel with the last process that has it open. Throws a
 * `UserError` (`lock.busy`) that names the holder.
 */
export async function takeLock(path: string, holder: LockHolder): Promise<Lock> {
  const libc = await loadLibc();
  await faultPoint('lock.take.before');
  const fd = openLock(path);
  for (let waitedMs = 0; libc.lockFile(fd) !== 0; waitedMs += RETRY_MS) {
    if (waitedMs >= PATIENCE_MS) {
      const present = readHolder(path);
      closeSync(fd);
      throw lockBusy(present);
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  try {
    faultPointSync('lock.take.after');
    faultPointSync('lock.name.before');
    ftruncateSync(fd, 0);
    writeSync(fd, JSON.stringify(holder), 0);
    faultPointSync('lock.name.after');
  } catch (cause) {
    // A lock that nobody can give back would turn away everybody for as long as this process lives.
    closeSync(fd);
    throw unusable(path, cause);
  }
  return { fd, release: () => closeSync(fd) };
}

function openLock(path: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  } catch (cause) {
    throw unusable(path, cause);
  }
}

const unusable = (path: string, cause: unknown): UserError =>
  new UserError('lock.unusable', `the lock ${path} cannot be opened and written: ${messageOf(cause)}`, {
    remedy: `It should be a file that only root can write, with room for it. See: ls -ld ${path}; df ${path}`,
    cause,
  });

/**
 * Who holds the lock now, without touching it: by the kernel's table of locks, proc_locks(5), where a lock taken for a
 * moment to find out would turn others away.
 */
export function holderOf(path: string): LockHolder | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  const file = asInProcLocks(stats);
  const locked = readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .some((line) => line.includes(' FLOCK ') && line.split(/\s+/).includes(file));
  return locked ? (readHolder(path) ?? { pid: 0, command: 'another process', since: 'now' }) : undefined;
}

/** `MAJOR:MINOR:INODE`, the device in hexadecimal, from the numbers that makedev(3) puts together. */
function asInProcLocks({ dev, ino }: { readonly dev: number; readonly ino: number }): string {
  const major = (dev >>> 8) & 0xfff;
  const minor = (dev & 0xff) | ((dev >>> 12) & 0xfff00);
  const hex = (number: number): string => number.toString(16).padStart(2, '0');
  return `${hex(major)}:${hex(minor)}:${ino}`;
}

/** Who wrote itself into the lock file last; whether it still holds the lock only `takeLock` can tell. */
function readHolder(path: string): LockHolder | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isHolder(value) ? value : undefined;
  } catch {
    // No file, or a holder that has not written itself in yet.
    return undefined;
  }
}

const isHolder = (value: unknown): value is LockHolder =>
  typeof value === 'object' && value !== null && 'pid' in value && 'command' in value && 'since' in value;

/** One at a time, and who it is. */
export function lockBusy(holder: LockHolder | undefined): UserError {
  const who =
    holder === undefined ? 'another process' : `${holder.command} (process ${holder.pid}, since ${holder.since})`;
  return new UserError('lock.busy', `one at a time: ${who} is at work`, {
    remedy: 'Wait until it is done (--wait TIME), or look at it with: quiesced status',
  });
}
