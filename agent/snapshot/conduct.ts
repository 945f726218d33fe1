import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import { messageOf, UserError } from '../errors.ts';
import type { Freezer } from '../freezer/freezer.ts';
import { bootIdOf } from '../freezer/linux.ts';
import type { Log } from '../log.ts';
import type { Quiescer } from '../quiescers/quiescer.ts';
import { type Lock, takeLock } from '../system/lock.ts';
import { PATHS } from '../system/paths.ts';
import type { System } from '../system/system.ts';
import type { Taker } from '../takers/taker.ts';
import { FreezePhase } from './freeze-phase.ts';
import { addToHistory } from './history.ts';
import { Journal } from './journal.ts';
import { type Evidence, levelOf, type Outcome, type RunKind } from './outcome.ts';
import { type Fault, Timeline } from './phases.ts';
import { type SnapshotPlan, worthTelling } from './plan.ts';
import { PreparePhase } from './prepare-phase.ts';
import { QuiescePhase } from './quiesce-phase.ts';
import { type Recovered, recover } from './recover.ts';
import { takeSnapshot } from './snapshot.ts';

/** What a run is made of; `daemon.ts` puts it together. */
export interface Parts {
  readonly system: System;
  readonly log: Log;
  readonly config: Config;
  readonly quiescers: readonly Quiescer[];
  /** @param lockFd the guard inherits it, so that nobody else starts while anything is frozen. */
  freezer(lockFd: number): Freezer;
}

export interface RunRequest {
  readonly kind: RunKind;
  readonly taker: Taker;
  readonly plan: SnapshotPlan;
  readonly quiescers: readonly Quiescer[];
  /** The longest that the take may last. */
  readonly takeMs: number;
  /** How the one who is refused meanwhile is told who is at work: `quiesced snapshot`. */
  readonly command: string;
}

/**
 * One run from lock to history: settles what a dead one left, takes the snapshot, writes down what came of it. Throws
 * a `UserError` only as long as nothing was touched; after that there is an outcome.
 */
export async function conduct(parts: Parts, request: RunRequest, signal: AbortSignal): Promise<Outcome> {
  const { system } = parts;
  await system.makeDir(PATHS[system.platform].runtime, 0o755);
  const since = system.clock.now().toISOString();
  const lock = await takeLock(lockPath(system), { pid: process.pid, command: request.command, since });
  try {
    await recover(parts);
    for (const warning of request.plan.warnings) parts.log.warn(warning);
    return await run(parts, request, lock, signal);
  } finally {
    lock.release();
  }
}

/** Settles what a dead run left, when nobody is at work; undefined when somebody is. */
export async function recoverUnlessBusy(parts: Parts, command: string): Promise<Recovered | undefined> {
  const { system } = parts;
  await system.makeDir(PATHS[system.platform].runtime, 0o755);
  let lock: Lock;
  try {
    lock = await takeLock(lockPath(system), { pid: process.pid, command, since: system.clock.now().toISOString() });
  } catch (error) {
    if (error instanceof UserError && error.code === 'lock.busy') return undefined;
    throw error;
  }
  try {
    return await recover(parts);
  } finally {
    lock.release();
  }
}

export const lockPath = (system: System): string => system.resolve(join(PATHS[system.platform].runtime, 'lock'));

async function run(parts: Parts, request: RunRequest, lock: Lock, signal: AbortSignal): Promise<Outcome> {
  const { system, log } = parts;
  const startMs = system.clock.monotonicMs();
  const startedAt = system.clock.now().toISOString();
  const id = randomUUID();
  const timeline = new Timeline(startMs);
  const journal = await Journal.begin(system, await bootIdOf(system), {
    id,
    kind: request.kind,
    taker: request.taker.id,
    startedAt,
  });
  const phases = phasesOf(parts, request, lock, timeline, journal);
  const evidence = () => evidenceOf(phases, request);
  let taken: Awaited<ReturnType<typeof takeSnapshot>>;
  const unrecorded: Fault[] = [];
  try {
    taken = await takeSnapshot(
      {
        phases: [phases.prepare, phases.quiesce, phases.freeze],
        taker: request.taker,
        takeMs: request.takeMs,
        evidence,
        timeline,
        clock: system.clock,
      },
      signal,
    );
  } finally {
    // Also for a run that was refused: it owes nothing.
    unrecorded.push(...(await recorded('what is owed', () => journal.end())));
  }
  const level = levelOf({ ...evidence(), taken: taken.taken, takeEndedAtMs: taken.takeEndedAtMs });
  const reached = request.taker.takes ? level : { ...level, consistency: 'none' as const, wouldBe: level.consistency };
  const { froze: _, ...shown } = reached;
  const outcome: Outcome = {
    schema: 1,
    id,
    kind: request.kind,
    taker: request.taker.id,
    startedAt,
    startedMonotonicMs: startMs,
    tookMs: system.clock.monotonicMs() - startMs,
    ...shown,
    ...(taken.snapshot === undefined ? {} : { snapshot: taken.snapshot }),
    frozenMs: phases.freeze.frozenMs,
    frozen: phases.freeze.frozen,
    left: worthTelling(request.plan.left).map(({ fileSystem: { mountPoint, type }, why, reason }) => {
      return { mountPoint, type, why, reason };
    }),
    warnings: request.plan.warnings,
    faults: [...taken.faults, ...unrecorded],
    timeline: timeline.steps,
  };
  const forgotten = await recorded('the history', () => addToHistory(system, outcome));
  log.info('the run ended', {
    id,
    kind: outcome.kind,
    consistency: outcome.consistency,
    faults: outcome.faults.length,
  });
  return { ...outcome, faults: [...outcome.faults, ...forgotten] };
}

/** Books that cannot be kept (a full disk) must not hide what came of the run. */
async function recorded(what: string, work: () => Promise<void>): Promise<readonly Fault[]> {
  try {
    await work();
    return [];
  } catch (error) {
    return [{ phase: 'run', during: 'leave', message: `${what} could not be written down: ${messageOf(error)}` }];
  }
}

interface Phases {
  readonly prepare: PreparePhase;
  readonly quiesce: QuiescePhase;
  readonly freeze: FreezePhase;
}

function phasesOf(parts: Parts, request: RunRequest, lock: Lock, timeline: Timeline, journal: Journal): Phases {
  const { system, log, config } = parts;
  const required = config.snapshot.onFailure === 'abort';
  const deadlineMs = config.snapshot.quiesceDeadlineMs;
  return {
    prepare: new PreparePhase({
      system,
      log,
      planned: request.plan.scripts,
      required,
      runId: journal.owed.run.id,
      timeline,
      freezes: request.plan.freeze.groups.length > 0,
      owe: (what) => journal.owe('prepare', what),
    }),
    quiesce: new QuiescePhase(request.quiescers, required, deadlineMs, (what) => journal.owe('quiesce', what)),
    freeze: new FreezePhase({
      freezer: parts.freezer(lock.fd),
      plan: request.plan.freeze,
      required,
      log,
      timeline,
      clock: system.clock,
    }),
  };
}

const evidenceOf = (phases: Phases, { plan }: RunRequest): Omit<Evidence, 'taken' | 'takeEndedAtMs'> => ({
  ...phases.freeze.evidence,
  unfreezable: plan.left.filter(({ why }) => why === 'unfreezable').map(({ fileSystem }) => fileSystem.mountPoint),
  applications: together(phases.prepare.evidence, phases.quiesce.evidence),
});

/** Scripts and applications count as one: the weakest that took part decides, a verified hold is worth the most. */
const together = (
  scripts: Evidence['applications'],
  applications: Evidence['applications'],
): Evidence['applications'] => {
  if (scripts === 'failed' || applications === 'failed') return 'failed';
  return applications === 'none' ? scripts : applications;
};
