import { randomUUID } from 'node:crypto';
import { messageOf } from '../errors.ts';
import { faultPoint } from '../fault-point.ts';
import { bootIdOf } from '../freezer/linux.ts';
import type { Lock } from '../system/lock.ts';
import { withHeld } from './held-by-taker.ts';
import { addToHistory } from './history.ts';
import { Journal, type RunRecord } from './journal.ts';
import { levelOf, type Outcome } from './outcome.ts';
import type { Parts, RunRequest } from './parts.ts';
import { type Fault, Timeline } from './phases.ts';
import { worthTelling } from './plan.ts';
import { evidenceOf, type Phases, phasesOf } from './run-phases.ts';
import { type Taken, takeSnapshot } from './snapshot.ts';

/** One run, under the lock: the records begun, the snapshot taken, the outcome written down. */
export async function run(parts: Parts, request: RunRequest, lock: Lock, signal: AbortSignal): Promise<Outcome> {
  const { system, log } = parts;
  const startedMonotonicMs = system.clock.monotonicMs();
  const { kind, taker, takeMs } = request;
  const record = { id: randomUUID(), kind, taker: taker.id, startedAt: system.clock.now().toISOString() };
  const timeline = new Timeline(startedMonotonicMs);
  // Before there is a record: without an answer there is no run, and nobody who would end it.
  const unheld = (await request.unheld?.()) ?? [];
  const journal = await Journal.begin(system, await bootIdOf(system), record);
  taker.record?.((what) => journal.owe('take', what));
  const phases = phasesOf(parts, request, lock, timeline, journal);
  const evidence = () => evidenceOf(phases, unheld);
  let taken: Taken;
  const unrecorded: Fault[] = [];
  try {
    const inOrder = [phases.prepare, phases.quiesce, phases.freeze];
    taken = await takeSnapshot({ phases: inOrder, taker, takeMs, evidence, timeline, clock: system.clock }, signal);
  } finally {
    await phases.freeze.end();
    // Also for a run that was refused: it owes nothing.
    unrecorded.push(...(await recorded('what is owed', () => journal.end())));
  }
  const tookMs = system.clock.monotonicMs() - startedMonotonicMs;
  const outcome: Outcome = {
    ...outcomeOf(record, request, phases, evidence(), taken),
    startedMonotonicMs,
    tookMs,
    faults: [...taken.faults, ...unrecorded],
    timeline: timeline.steps,
  };
  const forgotten = await recorded('the history', async () => {
    await faultPoint('history.add.before');
    await addToHistory(system, outcome);
    await faultPoint('history.add.after');
  });
  log.info('the run ended', {
    event: 'run-ended',
    id: record.id,
    kind,
    consistency: outcome.consistency,
    faults: outcome.faults.length,
  });
  return { ...outcome, faults: [...outcome.faults, ...forgotten] };
}

function outcomeOf(
  record: RunRecord,
  request: RunRequest,
  phases: Phases,
  evidence: ReturnType<typeof evidenceOf>,
  taken: Taken,
): Omit<Outcome, 'tookMs'> {
  const { froze: _, ...level } = levelOf(withHeld(evidence, taken));
  return {
    schema: 1,
    ...record,
    ...level,
    ...(request.taker.takes ? {} : { consistency: 'none', wouldBe: level.consistency }),
    ...(taken.snapshot === undefined ? {} : { snapshot: taken.snapshot }),
    frozenMs: phases.freeze.frozenMs,
    frozen: phases.freeze.frozen,
    left: [
      ...worthTelling(phases.plan().left).map(({ fileSystem: { mountPoint, type }, why, reason }) => {
        return { mountPoint, type, why, reason };
      }),
      ...(taken.held?.left ?? []).map((volume) => ({ ...volume, why: 'excluded' })),
    ],
    warnings: [...request.plan.warnings, ...phases.freeze.warnings],
    faults: taken.faults,
    timeline: [],
  };
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
