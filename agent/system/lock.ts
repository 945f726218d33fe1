import { readFileSync } from 'node:fs';
import { messageOf, UserError } from '../errors.ts';
import { faultPoint, faultPointSync } from '../fault-point.ts';
import { platform } from './local.ts';
import { flockKind, isFlocked } from './lock-linux.ts';
import { isLockedOnWindows, windowsLockKind } from './lock-windows.ts';

/** Who holds the lock; text in the lock file, so that the one who is refused can say whom to wait for. */
export interface LockHolder {
  readonly pid: number;
  readonly command: string;
  readonly since: string;
}

export interface Lock {
  /** Children that inherit it keep the lock after we are gone. On Windows there is none to inherit. */
  readonly fd: number | undefined;
  release(): void;
}

/** How a platform locks a file. */
export interface LockKind {
  /** Makes the file where there is none. */
  open(path: string): LockFile;
}

export interface LockFile {
  readonly fd: number | undefined;
  /** Never waits. */
  tryLock(): boolean;
  /** Replaces its text. */
  write(text: string): void;
  /** Gives back the lock, too. */
  close(): void;
}

/** The guard of the run before holds the lock for a moment longer than the run. */
const PATIENCE_MS = 500;
const RETRY_MS = 20;

/**
 * One at a time, by a lock on a file that the kernel gives back with the last process that has it. Throws a `UserError`
 * (`lock.busy`) that names the holder.
 */
export async function takeLock(path: string, holder: LockHolder): Promise<Lock> {
  const kind = platform === 'windows' ? windowsLockKind : await flockKind();
  await faultPoint('lock.take.before');
  const file = openLock(kind, path);
  for (let waitedMs = 0; !file.tryLock(); waitedMs += RETRY_MS) {
    if (waitedMs >= PATIENCE_MS) {
      const present = readHolder(path);
      file.close();
      throw lockBusy(present);
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  try {
    faultPointSync('lock.take.after');
    faultPointSync('lock.name.before');
    file.write(JSON.stringify(holder));
    faultPointSync('lock.name.after');
  } catch (cause) {
    // A lock that nobody can give back would turn away everybody for as long as this process lives.
    file.close();
    throw unusable(path, cause);
  }
  return { fd: file.fd, release: () => file.close() };
}

function openLock(kind: LockKind, path: string): LockFile {
  try {
    return kind.open(path);
  } catch (cause) {
    throw unusable(path, cause);
  }
}

const unusable = (path: string, cause: unknown): UserError =>
  new UserError('lock.unusable', `the lock ${path} cannot be opened and written: ${messageOf(cause)}`, {
    remedy: `It should be a file that only root can write, with room for it. See: ls -ld ${path}; df ${path}`,
    cause,
  });

/** Who holds the lock now; undefined when nobody does. */
export function holderOf(path: string): LockHolder | undefined {
  const locked = platform === 'windows' ? isLockedOnWindows(path) : isFlocked(path);
  return locked ? (readHolder(path) ?? { pid: 0, command: 'another process', since: 'now' }) : undefined;
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
