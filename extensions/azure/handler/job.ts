import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, UserError } from '../../../agent/errors.ts';
import { faultPoint } from '../../../agent/fault-point.ts';
import { type Lock, takeLock } from '../../../agent/system/lock.ts';
import { PATHS } from '../../../agent/system/paths.ts';
import type { System } from '../../../agent/system/system.ts';
import { type Handler, machineIdOf } from './handler.ts';
import { openJob } from './open-job.ts';
import { changeJob, type JobRecord, jobLockOf, readRecord, reportedAs } from './record.ts';
import type { Documents } from './report.ts';
import type { RunFacts } from './report-facts.ts';
import { Reporter } from './reporter.ts';
import { AT_WORK, brokenResult, type JobResult } from './result.ts';
import { recoverAll, takeBackup, thawAll } from './take-backup.ts';

/** What came of it, and what was measured on the way. */
export interface JobEnd {
  readonly result: JobResult;
  readonly facts: RunFacts;
}

/** An earlier job has its deadlines; this is longer than all of them together. */
const PATIENCE_MS = 15 * 60_000;
const LOOK_MS = 500;
/** To settle is what is done at the end. */
const NEVER = new AbortController().signal;

/**
 * The process that does a job: started by `enable`, alone at its work, and gone with it. However it ends, the service is
 * told an end: by itself, by `settle` once systemd finds it gone, or by the next `enable`.
 */
export async function runJob(handler: Handler, sequence: number, signal: AbortSignal): Promise<void> {
  const { system } = handler;
  const machineId = await machineIdOf(system);
  const current = async () => (await readRecord(system, machineId)).jobs.find((job) => job.sequence === sequence);
  const worthWaiting = async () => (await current())?.phase === 'handed';
  const lock = await jobLock(system, worthWaiting, signal).catch(untaken);
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
  const lock = await jobLock(system, async () => false, NEVER);
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
  await told(handler, machineId, job);
}

/**
 * The service is told before all is brought back: post scripts may take minutes, and whoever runs us may not wait for them.
 * Until that is done too the job stays open, so that the next one goes on with it.
 */
async function endCutOff(handler: Handler, machineId: string, job: JobRecord): Promise<void> {
  const what = 'the process that took the snapshot was cut off; nothing is known of a snapshot';
  // To what is frozen no status can be written. What cannot be thawed now is tried again below, and told then.
  await thawAll(handler).catch(() => undefined);
  const reporter = await reporterFor(handler, job);
  await finish(handler, machineId, job, reporter, ended(what));
  try {
    await recoverAll(handler);
  } catch (error) {
    const more = `what it left could not be brought back: ${messageOf(error)}`;
    await finish(handler, machineId, job, reporter, ended(`${what}; ${more}`));
  }
  await told(handler, machineId, job);
}

/** An end without a run of ours. */
async function endUntaken(handler: Handler, machineId: string, job: JobRecord, end: JobEnd): Promise<void> {
  await finish(handler, machineId, job, await reporterFor(handler, job), end);
  await told(handler, machineId, job);
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
}

async function told({ system }: Handler, machineId: string, job: JobRecord): Promise<void> {
  await changeJob(system, machineId, job, { untold: undefined });
}

/** Whoever had to tell the end, or to bring back what a dead one left, was cut off at it. */
async function tellAgain(handler: Handler, machineId: string, job: JobRecord): Promise<void> {
  const { status, untold } = job;
  if (status === undefined || untold === undefined) return;
  await thawAll(handler).catch(() => undefined);
  await (await reporterFor(handler, job)).repeat({ file: status, blob: untold });
  await recoverAll(handler).catch((error: unknown) => handler.log.warn(`still owed: ${messageOf(error)}`));
  await told(handler, machineId, job);
}

const reporterFor = async (handler: Handler, job: JobRecord): Promise<Reporter> =>
  new Reporter(handler, reportedAs(job), (await openJob(handler, job.sequence)).reportTo);

const ended = (message: string): JobEnd => ({ result: brokenResult(message), facts: {} });
const broken = (error: unknown): JobEnd => ended(`a fault of quiesced itself: ${messageOf(error)}`);
const untaken = (error: unknown): JobEnd =>
  error instanceof UserError ? ended(`nothing was touched: ${error.message}`) : broken(error);

/**
 * Throws a `UserError` for a job that would have waited for too long, or was told to end.
 *
 * @param worthWaiting asked while somebody else is at work: undefined is returned once it is not.
 */
async function jobLock(
  system: System,
  worthWaiting: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<Lock | undefined> {
  const since = system.clock.now().toISOString();
  const until = system.clock.monotonicMs() + PATIENCE_MS;
  await system.makeDir(PATHS[system.platform].runtime, 0o755);
  for (;;) {
    try {
      return await takeLock(jobLockOf(system), { pid: process.pid, command: 'azure-handler job', since });
    } catch (error) {
      if (!(error instanceof UserError && error.code === 'lock.busy')) throw error;
      if (!(await worthWaiting())) return undefined;
      if (system.clock.monotonicMs() > until) throw error;
    }
    await sleep(LOOK_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
