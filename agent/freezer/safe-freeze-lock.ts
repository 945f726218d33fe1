import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.ts';
import { EACCES, EAGAIN, type Libc } from '../system/native.ts';

/** Microsoft's extensions (Backup, Site Recovery) agree here on who freezes: reference VMSnapshotLinux, FreezeLock. */
export const SAFE_FREEZE_FOLDER = '/etc/azure/MicrosoftRecoverySvcsSafeFreezeLock';

/**
 * Takes the lock when its folder exists; returns what gives it back. The file is left in place: removing it, as
 * Microsoft's extension does, lets two processes hold locks on two files of the same name.
 */
export function takeSafeFreezeLock(folder: string, libc: Libc): () => void {
  if (!existsSync(folder)) return () => undefined;
  const path = join(folder, 'SafeFreezeLockFile');
  const fd = openSync(path, 'a+', 0o600);
  const { errno, holder } = libc.lockRecord(fd);
  if (errno === 0) return () => closeSync(fd);
  closeSync(fd);
  if (errno !== EAGAIN && errno !== EACCES) throw new Error(`cannot lock ${path}: ${libc.errorName(errno)}`);
  throw new UserError('freeze.locked', `another freeze is under way: ${path} is held by ${nameOf(holder)}`, {
    remedy: 'Azure Backup or Site Recovery is freezing this machine. Try again when it is done.',
  });
}

const nameOf = (holder: number | undefined): string => (holder === undefined ? 'another process' : `process ${holder}`);
