import type { Config } from '../config/schema.ts';
import type { Agent } from '../daemon.ts';
import { messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { healthNow } from '../readiness/health-now.ts';
import { afterInterval, byCron, type Job } from '../schedule/job.ts';
import { lockBusy } from '../system/lock.ts';
import type { ServiceManager } from '../system/service-manager.ts';
import type { System } from '../system/system.ts';
import { checkInProcess } from './check-process.ts';
import { keepProxy } from './proxy.ts';
import { settleRepair } from './repair.ts';
import type { Runs } from './runs.ts';

export interface JobParts {
  readonly system: System;
  readonly log: Log;
  readonly manager: ServiceManager;
  readonly self: readonly string[];
  readonly load: () => Promise<Agent>;
  readonly signal: AbortSignal;
}

/** What [schedule] has done by itself, in the order in which it is done when both are due. */
export const jobsOf = (parts: JobParts, { schedule }: Config, runs: Runs): readonly Job[] => [
  { name: 'readiness', nextAfter: afterInterval(schedule.readinessMs), run: () => readiness(parts, runs) },
  { name: 'rehearsal', nextAfter: byCron(schedule.rehearsal), run: () => rehearsal(parts, runs) },
];

/**
 * The result is left behind, and told, by the process that makes it. What it would find amiss of a proxy, or half
 * mended, is seen to first.
 * Given up for a run, and put off: the checks open and start a hundred things, and would find, and tell, that file
 * systems are frozen.
 */
async function readiness({ system, self, log, manager, load, signal }: JobParts, runs: Runs): Promise<void> {
  await keepProxy({ system, log, load });
  await settleRepair({ system, log });
  const before = healthNow(system);
  const { begun } = runs;
  try {
    await checkInProcess(system, self, {}, AbortSignal.any([signal, begun]));
  } catch (error) {
    throw begun.aborted ? lockBusy(undefined) : error;
  }
  const { exitCode, summary } = healthNow(system);
  const worse = before.status !== undefined && !before.stale && exitCode > before.exitCode;
  if (worse) log.warn(summary, { event: 'readiness-worse', exitCode });
  else log.info(summary, { exitCode });
  manager.status(`ready; ${summary}`);
}

async function rehearsal({ load, log, signal }: JobParts, runs: Runs): Promise<void> {
  const run = await runs.start('rehearse', async () => {
    const agent = await load();
    return agent.rehearse(await agent.plan({}), {}, signal);
  });
  const { faults, wouldBe } = await run.ended;
  for (const { phase, message } of faults) log.warn(`rehearsal by schedule: ${phase}: ${messageOf(message)}`);
  log.info('rehearsed by schedule', { wouldBe, faults: faults.length });
}
