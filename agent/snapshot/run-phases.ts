import type { Lock } from '../system/lock.ts';
import { FreezePhase } from './freeze-phase.ts';
import type { Journal } from './journal.ts';
import type { Evidence } from './outcome.ts';
import type { Parts, RunRequest } from './parts.ts';
import type { Timeline } from './phases.ts';
import { PreparePhase } from './prepare-phase.ts';
import { QuiescePhase } from './quiesce-phase.ts';

/** The phases of one run. */
export interface Phases {
  readonly prepare: PreparePhase;
  readonly quiesce: QuiescePhase;
  readonly freeze: FreezePhase;
}

export function phasesOf(parts: Parts, request: RunRequest, lock: Lock, timeline: Timeline, journal: Journal): Phases {
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

/** What is known of the hold so far. */
export const evidenceOf = (phases: Phases, { plan }: RunRequest): Omit<Evidence, 'taken' | 'takeEndedAtMs'> => ({
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
