import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../../agent/config/load.ts';
import { type Agent, createAgent, type Run, type Wishes } from '../../../agent/daemon.ts';
import { UserError } from '../../../agent/errors.ts';
import type { Outcome } from '../../../agent/snapshot/outcome.ts';
import type { Narrowed } from '../../../agent/snapshot/plan.ts';
import type { BackupJob } from '../settings.ts';
import { type AzureTaker, azureTaker } from '../takers/azure-taker.ts';
import type { Handler } from './handler.ts';
import type { JobEnd } from './job.ts';
import { fileSystemsOn } from './luns.ts';
import { NO_DISKS, refusedRunResult, runResult } from './result.ts';
import { replacedByTest } from './test-seam.ts';
import { usedSize } from './used-size.ts';

/** A run of somebody else (`quiesced snapshot`, a rehearsal) is waited for. */
const PATIENCE_MS = 5 * 60_000;
const RETRY_MS = 500;
/** Then the service has given the command up: reference VMSnapshotLinux, timeouts. */
const TOO_OLD_MINUTES = 140;

/** Brings the machine to rest as it is configured, has the snapshots taken, and lets go. */
export async function takeBackup(handler: Handler, job: BackupJob, signal: AbortSignal): Promise<JobEnd> {
  const { system, log, quiesced } = handler;
  // Nothing is held, and nobody waits, for a snapshot that there is nothing to take of.
  if (job.takeSnapshotFrom === 'onlyGuest' && job.blobSasUris.length === 0) return { result: NO_DISKS, facts: {} };
  try {
    const { config } = await loadConfig(system);
    const agent = await createAgent(system, log, config, quiesced);
    const test = replacedByTest(system.env);
    const taker = azureTaker(system, config, job, { admit: (now) => admit(job, now), ...test.azure });
    const { luns, anyExcluded } = job.disks;
    const wishes: Wishes = {
      mustFreeze: !job.crashConsistentAllowed,
      workload: true,
      ...(test.mounts === undefined ? {} : { mounts: test.mounts }),
      // On Windows nothing is frozen, whatever is on which disk.
      ...(anyExcluded && system.platform === 'linux'
        ? { narrow: () => onDisks(handler, luns, config.freeze.exclude) }
        : {}),
    };
    return await taken(handler, job, taker, () => outcomeOf(agent, taker, wishes, signal));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { result: refusedRunResult(error, NOTHING), facts: {} };
  }
}

async function onDisks({ system }: Handler, luns: readonly number[], exclude: readonly string[]): Promise<Narrowed> {
  const { mounts } = replacedByTest(system.env);
  const found = await fileSystemsOn(system, luns, exclude);
  return mounts === undefined ? found : { ...found, mounts };
}

/** What a job that is gone may have left frozen. Takes no time, and no lock. */
export async function thawAll(handler: Handler): Promise<void> {
  await (await recoveringAgent(handler)).thawOwed();
}

/** Thaws, runs what is owed: what a job that is gone may have left. */
export async function recoverAll(handler: Handler): Promise<void> {
  const recovered = await (await recoveringAgent(handler)).recoverUnlessBusy('azure-handler settle');
  for (const { message, remedy } of recovered?.faults ?? []) handler.log.warn(`still owed: ${message}`, { remedy });
}

async function recoveringAgent({ system, log, quiesced }: Handler): Promise<Agent> {
  const { defaultConfig } = await import('../../../agent/config/load.ts');
  const config = await loadConfig(system).then(
    (loaded) => loaded.config,
    () => defaultConfig(system.platform),
  );
  return createAgent(system, log, config, quiesced);
}

const NOTHING = { set: undefined, preSnapshotStatus: undefined, doSnapshotStatus: undefined };

async function taken(
  { system }: Handler,
  job: BackupJob,
  taker: AzureTaker,
  run: () => Promise<Outcome>,
): Promise<JobEnd> {
  try {
    const outcome = await run();
    const storage = await usedSize(system, job.disks);
    const facts = { storage, taken: taker.report(), frozenMs: outcome.frozenMs, ...factsOf(outcome) };
    return { result: runResult(job, outcome, taker.report()), facts };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { result: refusedRunResult(error, taker.report()), facts: { taken: taker.report() } };
  }
}

function factsOf({ timeline }: Outcome) {
  const takes = timeline.filter(({ phase, step }) => phase === 'take' && step === 'take');
  return {
    takeMs: takes.reduce((sum, { tookMs }) => sum + tookMs, 0),
    scripts: timeline.some(({ phase, step }) => phase === 'prepare' && step !== 'enter' && step !== 'leave'),
  };
}

async function outcomeOf(agent: Agent, taker: AzureTaker, wishes: Wishes, signal: AbortSignal): Promise<Outcome> {
  const until = agent.system.clock.monotonicMs() + PATIENCE_MS;
  for (;;) {
    const run: Run = await agent.take(taker, wishes, signal);
    try {
      return await run.ended;
    } catch (error) {
      const busy = error instanceof UserError && error.code === 'lock.busy';
      if (!busy || signal.aborted || agent.system.clock.monotonicMs() > until) throw error;
      await sleep(RETRY_MS);
    }
  }
}

/** .NET counts from the year 1: System.DateTime.Ticks. */
const TICKS_OF_1970 = 621_355_968_000_000_000n;

export function admit({ commandStartTicks }: Pick<BackupJob, 'commandStartTicks'>, now: Date): void {
  if (commandStartTicks === '') return;
  const givenMs = Number((BigInt(commandStartTicks) - TICKS_OF_1970) / 10_000n);
  const minutes = Math.floor((now.getTime() - givenMs) / 60_000);
  if (minutes <= TOO_OLD_MINUTES) return;
  throw new UserError(
    'azure.too-late',
    `the command came ${minutes} min after it was given, and is done no more after ${TOO_OLD_MINUTES} min`,
    { remedy: 'See whether the VM agent was stopped, and whether the clock is right: quiesced check' },
  );
}
