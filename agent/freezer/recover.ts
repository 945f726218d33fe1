import { closeSync } from 'node:fs';
import { messageOf } from '../errors.ts';
import { faultPoint, faultPointSync } from '../fault-point.ts';
import { EINVAL, EIO, type Libc } from '../system/native.ts';
import { orUndefinedAfter } from '../system/waits.ts';
import { type Expediter, restoreExpedited } from './expedite.ts';
import { type JournalledFileSystem, openFreezeJournal, readFreezeJournal, removeFreezeJournal } from './journal.ts';
import { deviceLookup, openOn } from './open.ts';
import { assertNamedByTest } from './selection.ts';

const THAW_PATIENCE_MS = 1000;

export interface RecoveredFreeze {
  /** Mount points that were still frozen, and are thawed now. */
  readonly thawed: readonly string[];
  /** What could not be thawed; the record stays. */
  readonly owed: readonly { readonly mountPoint: string; readonly message: string }[];
}

export interface RecoverOptions {
  readonly testDevices?: readonly string[] | undefined;
  readonly expediter?: () => Expediter | undefined;
  /**
   * `true`: the caller holds the lock, so the record's owner is dead. Else he may be about to freeze what he wrote down
   * a moment ago: what is found not to be frozen is left on record.
   */
  readonly ownerIsDead: boolean;
}

/**
 * Thaws what the record of a dead process says, and puts the expediting back: for the next start, and for whoever
 * cannot wait for one. Does nothing without a record. EINVAL means that it was not frozen any more.
 */
export async function recoverFreeze(
  journalPath: string,
  bootId: string,
  libc: Libc,
  { testDevices, expediter, ownerIsDead }: RecoverOptions,
): Promise<RecoveredFreeze> {
  const record = readFreezeJournal(journalPath);
  if (record === undefined) return { thawed: [], owed: [] };
  if (record.bootId !== undefined && record.bootId !== bootId) {
    removeFreezeJournal(journalPath);
    return { thawed: [], owed: [] };
  }
  assertNamedByTest(record.fileSystems, testDevices);
  const deviceOf = deviceLookup();
  const results = await Promise.all(record.fileSystems.map((one) => thawOne(one, deviceOf, libc)));
  const restored = !record.expedited || restoreExpedited(expediter);
  if (ownerIsDead)
    settle(
      journalPath,
      bootId,
      record.fileSystems.filter((_, index) => !results[index]?.problem),
      restored,
    );
  const owed = results.flatMap((result) => (result.problem === undefined ? [] : [result.problem]));
  return { thawed: results.flatMap((result) => result.thawed ?? []), owed };
}

function settle(journalPath: string, bootId: string, done: readonly JournalledFileSystem[], restored: boolean): void {
  faultPointSync('recovery.settle.before');
  const journal = openFreezeJournal(journalPath, bootId);
  for (const { id } of done) journal.settled(id, 'thawed');
  if (restored) journal.restored();
  journal.close();
  journal.removeIfSettled();
  faultPointSync('recovery.settle.after');
}

interface Thawed {
  readonly thawed?: string;
  readonly problem?: { readonly mountPoint: string; readonly message: string };
}

async function thawOne(
  one: JournalledFileSystem,
  deviceOf: (fd: number) => string | undefined,
  libc: Libc,
): Promise<Thawed> {
  let fd: number;
  try {
    fd = openOn(one, deviceOf);
  } catch (error) {
    return { problem: { mountPoint: one.mountPoint, message: messageOf(error) } };
  }
  const errno = await orUndefinedAfter(
    THAW_PATIENCE_MS,
    callThaw(fd, libc).catch(() => EIO),
  );
  if (errno === undefined) return { problem: { mountPoint: one.mountPoint, message: 'the kernel does not answer' } };
  closeSync(fd);
  if (errno === 0) return { thawed: one.mountPoint };
  return errno === EINVAL ? {} : { problem: { mountPoint: one.mountPoint, message: libc.errorName(errno) } };
}

async function callThaw(fd: number, libc: Libc): Promise<number> {
  await faultPoint('recovery.fithaw.before');
  const errno = await libc.thaw(fd);
  await faultPoint('recovery.fithaw.after');
  return errno;
}
