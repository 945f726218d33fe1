import type {
  FreezePlan,
  FreezeResult,
  Freezer,
  FreezeState,
  PreparedFreeze,
  ThawReport,
} from '../../../agent/freezer/freezer.ts';
import { createLog } from '../../../agent/log.ts';
import { FreezePhase, type FreezePhaseOptions } from '../../../agent/snapshot/freeze-phase.ts';
import { Timeline } from '../../../agent/snapshot/phases.ts';
import { fakeClock } from '../../fakes/clock.ts';

/** A phase over a freezer that does what the test wishes, and tells what it was asked for. */
export const signal = new AbortController().signal;
export const fileSystem = (name: string) => {
  const mountPoint = `/${name}`;
  const id = `7:${name}`;
  return { id, type: 'ext4', source: '/dev/x', readOnly: false, hidden: false, mountPoint, mountPoints: [mountPoint] };
};
export const state = (name: string, is: FreezeState['state'], error?: string): FreezeState => ({
  id: `7:${name}`,
  mountPoint: `/${name}`,
  state: is,
  ...(error === undefined ? {} : { error }),
});
export const REPORT: ThawReport = {
  problems: [],
  frozenMs: 70,
  firstThawAtMs: 1070,
  steps: [{ step: 'thaw', mountPoint: '/a', atMs: 1070, tookMs: 1 }],
};

export const planOf = (groups: readonly string[]): FreezePlan => ({
  groups: groups.map((group) => [...group].map(fileSystem)),
  deadlineMs: 10_000,
  expedite: true,
});

interface Wishes {
  readonly groups?: readonly string[];
  readonly states?: readonly FreezeState[];
  readonly freeze?: () => Promise<FreezeResult>;
  readonly warnings?: readonly string[];
  readonly report?: Partial<ThawReport>;
  readonly thaw?: () => Promise<ThawReport>;
  readonly follows?: false;
}

export function rigOf(wishes: Wishes = {}) {
  const events: string[] = [];
  const lines: string[] = [];
  const lost = new AbortController();
  const clock = fakeClock();
  const log = createLog('info', (line) => lines.push(line));
  const timeline = new Timeline(1000);
  const prepared: PreparedFreeze = {
    async freeze() {
      events.push('freeze');
      log.info('while frozen');
      const steps = [{ step: 'freeze' as const, mountPoint: '/a', atMs: 1000, tookMs: 3 }];
      const fileSystems = wishes.states ?? [state('a', 'frozen'), state('b', 'frozen')];
      return wishes.freeze?.() ?? { fileSystems, steps, warnings: wishes.warnings ?? [] };
    },
    lost: lost.signal,
    async end() {
      events.push('end');
    },
    async thaw() {
      events.push(`thaw, with ${lines.length} lines written`);
      return wishes.thaw?.() ?? { ...REPORT, ...wishes.report };
    },
  };
  const freezer: Freezer = {
    async prepare(_plan, _signal, previous) {
      events.push(previous === undefined ? 'prepare' : 'follow');
      if (previous !== undefined && wishes.follows === false) throw new Error('its guard has not ended');
      return prepared;
    },
  };
  const plan = planOf(wishes.groups ?? ['ab']);
  const phaseWith = (differs: Partial<FreezePhaseOptions>) =>
    new FreezePhase({ freezer, plan, required: false, log, timeline, clock, ...differs });
  return { phase: phaseWith({}), phaseWith, events, log, lines, lost, clock, timeline };
}

export async function entered(wishes?: Wishes) {
  const rig = rigOf(wishes);
  await rig.phase.ready(signal);
  const error: unknown = await rig.phase.enter(signal).catch((thrown: unknown) => thrown);
  return { ...rig, error };
}
