import { holderOf } from '../../../agent/system/lock.ts';
import type { FieldProblem } from '../fields.ts';
import { type ReportTo, readReportTo } from '../settings.ts';
import { type Handler, machineIdOf, settingsPath } from './handler.ts';
import { changeRecord, isOpen, type JobRecord, jobLockOf, jobOf, readRecord, withJob } from './record.ts';
import { documentsOf } from './report.ts';
import { gatherFacts } from './report-facts.ts';
import { AT_WORK, type JobResult, noSettingsResult } from './result.ts';
import { readSettings } from './settings-file.ts';
import { startJob } from './start-job.ts';
import { retireStatusFiles, statusPath, writeStatusFile } from './status-file.ts';

/**
 * The agent calls it for a new goal state, and again with the same one: at every boot, at every start of its own, whenever
 * another extension changes. Leaves a status file behind, hands what is to be done to a process of its own, and returns.
 * What was done, or is being done, is not done again: its status stays, or is put back.
 */
export async function enable(handler: Handler, sequence: number): Promise<void> {
  const { system } = handler;
  const machineId = await machineIdOf(system);
  const read = await readSettings(system, settingsPath(handler, sequence));
  const reportTo = read.settings === undefined ? NOBODY : readReportTo(read.settings.publicSettings);
  const job: JobRecord = { sequence, taskId: reportTo.taskId, phase: 'handed' };
  const known = jobOf(await readRecord(system, machineId), job);
  await retireStatusFiles(handler, sequence);
  // An empty file, or one that is no JSON: there is nothing to hand over, and nobody but the agent to tell.
  if (read.settings === undefined && known?.phase !== 'ended') {
    await end(handler, machineId, { ...job, phase: 'ended' }, reportTo, unreadable(read.problems));
    return;
  }
  const alive = holderOf(jobLockOf(system)) !== undefined;
  const handed = await hand(handler, machineId, job, reportTo);
  if (handed.phase === 'ended' && handed.status !== undefined) await putBack(handler, sequence, handed.status);
  // One that has begun and is not there any more was cut off: the same process finds that out, and settles it. Whether
  // one that waits for another is there nobody knows.
  if (handed.phase === 'handed' || (!alive && isOpen(handed))) await startJob(handler, handed.sequence);
}

/**
 * Puts the job into the record, unless it is there: also under another number, whose process goes on with it. At work is
 * said under the same lock, so that it never takes the place of an end.
 */
async function hand(handler: Handler, machineId: string, job: JobRecord, reportTo: ReportTo): Promise<JobRecord> {
  let handed = job;
  await changeRecord(handler.system, machineId, async (record) => {
    const known = jobOf(record, job);
    handed = known ?? job;
    if (
      handed.phase !== 'ended' &&
      (known === undefined || (await handler.system.stat(statusPath(handler, job.sequence))) === undefined)
    ) {
      await writeStatusFile(handler, job.sequence, await textOf(handler, reportTo, AT_WORK));
    }
    if (isOpen(handed)) handed = { ...handed, cameAs: job.sequence };
    return withJob(record, handed);
  });
  return handed;
}

const NOBODY: ReportTo = {
  taskId: '',
  vmType: undefined,
  commandStartTicks: '',
  statusBlobUri: undefined,
  logsBlobUri: undefined,
};

const unreadable = (problems: readonly FieldProblem[]): JobResult =>
  noSettingsResult(problems.map(({ key, what }) => `${key} ${what}`).join('; '));

/** An update of the extension brings an empty folder; a task may come again under another number. */
async function putBack(handler: Handler, sequence: number, status: string): Promise<void> {
  if ((await handler.system.readText(statusPath(handler, sequence))) !== status) {
    await writeStatusFile(handler, sequence, status);
  }
}

async function end(
  handler: Handler,
  machineId: string,
  job: JobRecord,
  reportTo: ReportTo,
  result: JobResult,
): Promise<void> {
  const status = await textOf(handler, reportTo, result);
  await writeStatusFile(handler, job.sequence, status);
  await changeRecord(handler.system, machineId, (record) => withJob(record, { ...job, status }));
}

const textOf = async (handler: Handler, reportTo: ReportTo, result: JobResult): Promise<string> =>
  documentsOf(reportTo, result, await gatherFacts(handler, result)).file;
