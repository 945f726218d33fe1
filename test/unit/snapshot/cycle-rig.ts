import { type Evidence, levelOf } from '../../../agent/snapshot/outcome.ts';
import { type HowItWent, type Phase, type PhaseName, Timeline } from '../../../agent/snapshot/phases.ts';
import { type Cycle, type Taken, takeSnapshot } from '../../../agent/snapshot/snapshot.ts';
import { localClock } from '../../../agent/system/local.ts';
import type { HeldByTaker, Taker } from '../../../agent/takers/taker.ts';

export type Step = 'ready' | 'renew' | 'enter' | 'leave' | 'again' | 'prepare' | 'take' | 'verify' | 'finish';
/** What a step does: nothing, or it throws, or it never comes back. */
export type Fate = Error | 'hangs' | 'throws at once' | (() => Promise<void>);
export const NAMES: readonly PhaseName[] = ['prepare', 'quiesce', 'freeze'];

export interface Wishes {
  /** By `freeze enter`, `taker take`. */
  readonly fates?: Readonly<Record<string, Fate>>;
  readonly required?: readonly PhaseName[];
  readonly evidence?: Partial<Omit<Evidence, 'taken' | 'takeEndedAtMs'>>;
  readonly signal?: AbortSignal;
  /** How often the taker says that another try may do better; absent: it knows no other try. */
  readonly tries?: number;
  /** What the taker holds by itself; absent: nothing, and it verifies nothing. */
  readonly held?: HeldByTaker;
}

export interface Ran {
  /** `enter freeze`, `take`, `leave freeze` …, in the order in which they were begun. */
  readonly events: readonly string[];
  /** What the phases and the taker were told, by their name. */
  readonly told: ReadonlyMap<string, HowItWent | { readonly consistency: string; readonly snapshot?: string }>;
  readonly timeline: Timeline;
  /** Aborted, as the phases do it when they do not hold any more. */
  lose(name: PhaseName, reason: Error): void;
  readonly result: Promise<Taken>;
}

/** Short only where something hangs: on a machine that is busy nothing else may take so long. */
const LIMIT_MS = { hanging: 25, otherwise: 10_000 };

/** Runs the heart with phases that only write down that they were called. */
export function run(wishes: Wishes): Ran {
  const events: string[] = [];
  const limitMs = LIMIT_MS[Object.values(wishes.fates ?? {}).includes('hangs') ? 'hanging' : 'otherwise'];
  const told = new Map<string, HowItWent | { readonly consistency: string; readonly snapshot?: string }>();
  const lost = new Map(NAMES.map((name) => [name, new AbortController()]));
  const act = (who: string, step: Step) => {
    events.push(who === 'taker' && step !== 'renew' ? step : `${step} ${who}`);
    return fulfil(wishes.fates?.[`${who} ${step}`]);
  };
  const phases = NAMES.map(
    (name): Phase => ({
      name,
      required: wishes.required?.includes(name) ?? false,
      enterMs: limitMs,
      leaveMs: limitMs,
      lost: lost.get(name)?.signal,
      ready: () => act(name, 'ready'),
      ...(wishes.fates?.[`${name} renew`] === undefined ? {} : { renew: () => act(name, 'renew') }),
      enter: () => act(name, 'enter'),
      ...(name === 'freeze' && wishes.tries !== undefined ? { again: () => act(name, 'again') } : {}),
      leave: (how) => {
        told.set(name, how);
        return act(name, 'leave');
      },
    }),
  );
  let tries = wishes.tries ?? 0;
  const taker: Taker = {
    ...(wishes.tries === undefined ? {} : { renew: () => act('taker', 'renew'), again: () => tries-- > 0 }),
    id: 'recorder',
    takes: true,
    prepare: () => act('taker', 'prepare'),
    take: async () => {
      await act('taker', 'take');
      return { snapshot: 'snapshot-1', ...(wishes.held === undefined ? {} : { held: wishes.held }) };
    },
    ...(wishes.held === undefined ? {} : { verify: () => act('taker', 'verify') }),
    finish: (outcome) => {
      told.set('taker', outcome);
      return act('taker', 'finish');
    },
  };
  const timeline = new Timeline(localClock.monotonicMs());
  const cycle: Cycle = {
    phases,
    taker,
    takeMs: limitMs,
    evidence: () => ({ ...HELD, ...wishes.evidence }),
    timeline,
    clock: localClock,
  };
  const result = takeSnapshot(cycle, wishes.signal ?? new AbortController().signal);
  return { events, told, timeline, lose: (name, reason) => lost.get(name)?.abort(reason), result };
}

export const HELD: Omit<Evidence, 'taken' | 'takeEndedAtMs'> = {
  frozen: 'all',
  freezeLostAtMs: undefined,
  unfreezable: [],
  applications: 'verified',
  unheld: [],
  unfrozenData: [],
};

/** Not async: some of these throw before there is a promise. */
function fulfil(fate: Fate | undefined): Promise<void> {
  if (fate === 'throws at once') throw new Error('at once');
  if (fate === 'hangs') return new Promise(() => undefined);
  if (fate instanceof Error) return Promise.reject(fate);
  return fate === undefined ? Promise.resolve() : fate();
}

export const consistencyOf = (evidence: Partial<Evidence>): string =>
  levelOf({ ...HELD, taken: true, takeEndedAtMs: 0, ...evidence }).consistency;
