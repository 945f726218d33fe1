import { messageOf, UserError } from '../errors.ts';
import { type Left, notPutBack, takeBack } from '../system/all-or-none.ts';
import { type ChangeRecord, readRecord, sweepRecord, writeRecord } from '../system/change-record.ts';
import { type RunChange, runChange } from '../system/changes.ts';
import { underLock } from '../system/run-lock.ts';
import type { System } from '../system/system.ts';
import type { ProxyParts } from './change.ts';
import { recordFolder } from './record.ts';
import { type Note, restartsAgent, run } from './restarts.ts';

/** As `settle`, for who does not hold the lock: takes it only when there is something, and leaves it while it is taken. */
export async function settleUnlessBusy(parts: ProxyParts, command: string): Promise<readonly Note[]> {
  const { underWay, owed } = await readRecord(parts.system, recordFolder(parts.system));
  if (underWay === undefined && owed.length === 0) return [];
  try {
    return await underLock(parts.system, command, () => settle(parts));
  } catch (error) {
    if (error instanceof UserError && error.code === 'lock.busy') return [];
    throw error;
  }
}

/**
 * Ends what a killed process left: files that it had begun to change are put back, programs that were still to be run
 * are run. The caller holds the lock. Throws `change.half` when a file could not be put back yet.
 */
export async function settle(parts: ProxyParts): Promise<readonly Note[]> {
  const { system } = parts;
  const folder = recordFolder(system);
  await sweepRecord(system, folder);
  const record = await readRecord(system, folder);
  const notes = record.underWay === undefined ? [] : await putBack(system, folder, record, record.underWay);
  return record.owed.length === 0 ? notes : [...notes, ...(await runOwed(parts, folder))];
}

async function putBack(
  system: System,
  folder: string,
  record: ChangeRecord,
  { pid, steps }: NonNullable<ChangeRecord['underWay']>,
): Promise<readonly Note[]> {
  const left = await takeBack(system, steps, pid);
  const failed = left.filter(({ why }) => why !== undefined);
  if (failed.length > 0) throw stillHalf(failed);
  const { underWay: _, ...ended } = record;
  await writeRecord(system, folder, ended);
  const theirs = left.map(({ step }) => step.path);
  return [
    { message: 'A change of the proxy that was cut off half-way has been taken back.' },
    ...(theirs.length === 0 ? [] : [{ message: `Left alone, since somebody has changed it: ${theirs.join(', ')}` }]),
  ];
}

async function runOwed({ system, backupUnderWay }: ProxyParts, folder: string): Promise<readonly Note[]> {
  const record = await readRecord(system, folder);
  const runs = record.owed.map(run);
  const busy = restartsAgent({ runs, notes: [] }) ? await backupUnderWay() : undefined;
  if (busy !== undefined) return [{ message: `The VM agent is restarted when the backup is done: ${busy}` }];
  try {
    await runAll(system, runs);
  } finally {
    // Tried once more is enough: who reads the error knows what to run.
    await writeRecord(system, folder, { ...record, owed: [] });
  }
  return [{ message: 'Restarted what a change of the proxy that was cut off had left to be restarted.' }];
}

/** The files stay: a `UserError` (`proxy.restart`) says what is to be done by hand. */
export async function runAll(system: System, runs: readonly RunChange[]): Promise<void> {
  for (const each of runs) {
    try {
      await runChange(system, each);
    } catch (cause) {
      const command = each.argv.join(' ');
      throw new UserError('proxy.restart', `the files are changed, but ${command} failed: ${messageOf(cause)}`, {
        remedy: `See why, then run it yourself: ${command}`,
        cause,
      });
    }
  }
}

const stillHalf = (left: readonly Left[]): UserError =>
  new UserError('change.half', `a change that was cut off is ${notPutBack(left)}`, {
    remedy: 'Mend that, then run the same command again.',
  });
