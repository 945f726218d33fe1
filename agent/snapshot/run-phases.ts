import { mountOf, parseMountinfo } from '../freezer/mounts.ts';
import type { Lock } from '../system/lock.ts';
import { FreezePhase } from './freeze-phase.ts';
import type { Journal } from './journal.ts';
import type { Evidence } from './outcome.ts';
import type { Parts, RunRequest } from './parts.ts';
import type { Timeline } from './phases.ts';
import type { SnapshotPlan } from './plan.ts';
import { PreparePhase } from './prepare-phase.ts';
import { QuiescePhase } from './quiesce-phase.ts';

/** The phases of one run. */
export interface Phases {
  readonly prepare: PreparePhase;
  readonly quiesce: QuiescePhase;
  readonly freeze: FreezePhase;
  /** As it stands now: scripts may have mounted something. */
  plan(): SnapshotPlan;
}

export function phasesOf(parts: Parts, request: RunRequest, lock: Lock, timeline: Timeline, journal: Journal): Phases {
  const { system, log, config } = parts;
  const required = request.allOrNothing === true || config.snapshot.onFailure === 'abort';
  const deadlineMs = config.snapshot.quiesceDeadlineMs;
  let plan = request.plan;
  const replan = async () => {
    const changed = await request.replan?.(plan);
    plan = changed ?? plan;
    return changed?.freeze;
  };
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
      replan,
      required: required || request.mustFreeze === true,
      log,
      timeline,
      clock: system.clock,
    }),
    plan: () => plan,
  };
}

/** What is known of the hold so far. */
export const evidenceOf = (phases: Phases, unheld: readonly string[]): Omit<Evidence, 'taken' | 'takeEndedAtMs'> => ({
  ...phases.freeze.evidence,
  unfreezable: phases
    .plan()
    .left.filter(({ why }) => why === 'unfreezable')
    .map(({ fileSystem }) => fileSystem.mountPoint),
  applications: together(phases.prepare.evidence, phases.quiesce.evidence, unheld),
  unheld,
  unfrozenData: notFrozen(phases.quiesce.folders, phases.plan(), phases.freeze.frozen),
});

/** Those of the folders, real paths, that lie on no file system that was frozen. */
function notFrozen(folders: readonly string[], plan: SnapshotPlan, frozen: readonly string[]): readonly string[] {
  if (folders.length === 0) return [];
  const mounts = parseMountinfo(plan.mountinfo);
  const held = plan.freeze.groups.flat().filter(({ mountPoint }) => frozen.includes(mountPoint));
  return folders.filter((folder) => {
    const device = mountOf(mounts, folder)?.device;
    return !held.some(({ id }) => id === device);
  });
}

/**
 * Scripts and applications count as one: the weakest that took part decides, a verified hold is worth the most. What no
 * quiescer has held is left to the scripts, where there are any.
 */
const together = (
  scripts: Evidence['applications'],
  applications: Evidence['applications'],
  unheld: readonly string[],
): Evidence['applications'] => {
  if (scripts === 'failed' || applications === 'failed') return 'failed';
  return applications === 'none' || (unheld.length > 0 && scripts === 'script-only') ? scripts : applications;
};
