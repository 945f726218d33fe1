import { closeSync } from 'node:fs';
import { messageOf } from '../errors.ts';
import { EINVAL, EIO, type Libc } from '../system/native.ts';
import { type Expediter, restoreExpedited } from './expedite.ts';
import { type JournalledFileSystem, readFreezeJournal, removeFreezeJournal } from './journal.ts';
import { deviceLookup, openOn } from './open.ts';
import { assertNamedByTest } from './selection.ts';

const THAW_PATIENCE_MS = 1000;

export interface RecoveredFreeze {
  /** Mount points that were still frozen, and are thawed now. */
  readonly thawed: readonly string[];
  /** What could not be thawed; the record stays. */
  readonly owed: readonly { readonly mountPoint: string; readonly message: string }[];
}

/**
 * Thaws what the record of a dead process says, and puts the expediting back: for the next start, and for whoever
 * cannot wait for one. Does nothing without a record. EINVAL means that it was not frozen any more.
 */
export async function recoverFreeze(
  journalPath: string,
  bootId: string,
  libc: Libc,
  testDevices?: readonly string[],
  expediter?: () => Expediter | undefined,
): Promise<RecoveredFreeze> {
  const record = readFreezeJournal(journalPath);
  if (record === undefined) return { thawed: [], owed: [] };
  if (record.bootId !== bootId) {
    removeFreezeJournal(journalPath);
    return { thawed: [], owed: [] };
  }
  assertNamedByTest(record.fileSystems, testDevices);
  const deviceOf = deviceLookup();
  const results = await Promise.all(record.fileSystems.map((one) => thawOne(one, deviceOf, libc)));
  if (record.expedited) restoreExpedited(expediter);
  const owed = results.flatMap((result) => (result.problem === undefined ? [] : [result.problem]));
  if (owed.length === 0) removeFreezeJournal(journalPath);
  return { thawed: results.flatMap((result) => result.thawed ?? []), owed };
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
    libc.thaw(fd).catch(() => EIO),
  );
  if (errno === undefined) return { problem: { mountPoint: one.mountPoint, message: 'the kernel does not answer' } };
  closeSync(fd);
  if (errno === 0) return { thawed: one.mountPoint };
  return errno === EINVAL ? {} : { problem: { mountPoint: one.mountPoint, message: libc.errorName(errno) } };
}

const orUndefinedAfter = <T>(ms: number, wanted: Promise<T>): Promise<T | undefined> =>
  Promise.race([wanted, new Promise<undefined>((resolve) => setTimeout(resolve, ms, undefined))]);
