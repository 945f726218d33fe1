import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, UserError } from '../../../agent/errors.ts';
import { faultPoint } from '../../../agent/fault-point.ts';
import { type Lock, takeLock } from '../../../agent/system/lock.ts';
import { PATHS } from '../../../agent/system/paths.ts';
import type { System } from '../../../agent/system/system.ts';
import { type Handler, machineIdOf } from './handler.ts';
import { openJob } from './open-job.ts';
import { changeJob, JOB_LOCK, type JobRecord, readRecord, reportedAs } from './record.ts';
import type { Documents } from './report.ts';
import type { RunFacts } from './report-facts.ts';
import { Reporter } from './reporter.ts';
import { AT_WORK, brokenResult, type JobResult } from './result.ts';
import { recoverAll, takeBackup } from './take-backup.ts';

/** What came of it, and what was measured on the way. */
export interface JobEnd {
  readonly result: JobResult;
  readonly facts: RunFacts;
}

/** An earlier job has its deadlines; this is longer than all of them together. */
const PATIENCE_MS = 15 * 60_000;
const LOOK_MS = 500;

/**
 * The process that does a job: started by `enable`, alone at its work, and gone with it. However it ends, the service is
 * told an end: by itself, by `settle` once systemd finds it gone, or by the next `enable`.
 */
export async function runJob(handler: Handler, sequence: number, signal: AbortSignal): Promise<void> {
  const { system } = handler;
  const machineId = await machineIdOf(system);
  const current = async () => (await readRecord(system, machineId)).jobs.find((job) => job.sequence === sequence);
  const lock = await jobLock(system, async () => (await current())?.phase === 'handed').catch(broken);
  if (lock === undefined) return;
  const job = await current();
  if ('result' in lock) {
    if (job !== undefined && job.phase !== 'ended') await endUntaken(handler, machineId, job, lock);
    return;
  }
  try {
    if (job?.phase === 'begun') await endCutOff(handler, machineId, job);
    if (job?.phase === 'handed') await begin(handler, machineId, job, signal);
    if (job?.phase === 'ended') await tellAgain(handler, machineId, job);
  } finally {
    lock.release();
  }
}

/** What is left to be done of a job whose process is gone. Does nothing for one that is at work, or has ended. */
export async function settle(handler: Handler, sequence: number): Promise<void> {
  const { system } = handler;
  const machineId = await machineIdOf(system);
  const lock = await jobLock(system, async () => false);
  if (lock === undefined) return;
  try {
    const job = (await readRecord(system, machineId)).jobs.find((each) => each.sequence === sequence);
    if (job?.phase === 'ended') await tellAgain(handler, machineId, job);
    else if (job !== undefined) await endCutOff(handler, machineId, job);
  } finally {
    lock.release();
  }
}

async function begin(handler: Handler, machineId: string, job: JobRecord, signal: AbortSignal): Promise<void> {
  const begun = await changeJob(handler.system, machineId, job, { phase: 'begun' });
  const opened = await openJob(handler, job.sequence);
  const reporter = new Reporter(handler, reportedAs(begun), opened.reportTo);
  await reporter.tell(AT_WORK);
  await faultPoint('azure-job.take.before');
  const { result, facts } = opened.ends ?? (await takeBackup(handler, opened.job, signal).catch(broken));
  await faultPoint('azure-job.take.after');
  await finish(handler, machineId, job, reporter, { result, facts });
}

async function endCutOff(handler: Handler, machineId: string, job: JobRecord): Promise<void> {
  const left = await recoverAll(handler).then(
    () => '',
    (error) => `; what it left could not be brought back: ${messageOf(error)}`,
  );
  const what = 'the process that took the snapshot was cut off; nothing is known of a snapshot';
  await endUntaken(handler, machineId, job, { result: brokenResult(`${what}${left}`), facts: {} });
}

/** An end without a run of ours. */
async function endUntaken(handler: Handler, machineId: string, job: JobRecord, end: JobEnd): Promise<void> {
  const { reportTo } = await openJob(handler, job.sequence);
  await finish(handler, machineId, job, new Reporter(handler, reportedAs(job), reportTo), end);
}

/** The record first: whoever is cut off from here on is told by it what to tell. */
async function finish(
  handler: Handler,
  machineId: string,
  job: JobRecord,
  reporter: Reporter,
  { result, facts }: JobEnd,
): Promise<void> {
  const keep = async ({ file, blob }: Documents): Promise<number> =>
    reportedAs(await changeJob(handler.system, machineId, job, { phase: 'ended', status: file, untold: blob }));
  await reporter.end(result, facts, keep);
  await changeJob(handler.system, machineId, job, { untold: undefined });
}

/** The process that had to tell the end was cut off at it. */
async function tellAgain(handler: Handler, machineId: string, job: JobRecord): Promise<void> {
  const { status, untold } = job;
  if (status === undefined || untold === undefined) return;
  const { reportTo } = await openJob(handler, job.sequence);
  await new Reporter(handler, reportedAs(job), reportTo).repeat({ file: status, blob: untold });
  await changeJob(handler.system, machineId, job, { untold: undefined });
}

const broken = (error: unknown): JobEnd => ({
  result: brokenResult(`a fault of quiesced itself: ${messageOf(error)}`),
  facts: {},
});

/** @param worthWaiting asked while somebody else is at work: undefined is returned once it is not. */
async function jobLock(system: System, worthWaiting: () => Promise<boolean>): Promise<Lock | undefined> {
  const since = system.clock.now().toISOString();
  const until = system.clock.monotonicMs() + PATIENCE_MS;
  await system.makeDir(PATHS.linux.runtime, 0o755);
  for (;;) {
    try {
      return await takeLock(system.resolve(JOB_LOCK), { pid: process.pid, command: 'azure-handler job', since });
    } catch (error) {
      if (!(error instanceof UserError && error.code === 'lock.busy')) throw error;
    }
    if (system.clock.monotonicMs() > until || !(await worthWaiting())) return undefined;
    await sleep(LOOK_MS);
  }
}
