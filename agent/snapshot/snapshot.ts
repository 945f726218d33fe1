import { messageOf, UserError } from '../errors.ts';
import { redact } from '../redact.ts';
import type { Clock } from '../system/system.ts';
import type { TakenSnapshot, Taker } from '../takers/taker.ts';
import { DeadlineError, within } from './deadline.ts';
import { withHeld } from './held-by-taker.ts';
import { type Evidence, levelOf } from './outcome.ts';
import {
  type Fault,
  type HowItWent,
  MountError,
  type Phase,
  type PhaseName,
  type Timeline,
  VerifyError,
} from './phases.ts';

const READY_MS = 60_000;
const FINISH_MS = 30_000;
/** Whoever holds applications by himself may have to ask each of them. */
const VERIFY_MS = 70_000;

export interface Cycle {
  readonly phases: readonly Phase[];
  readonly taker: Taker;
  /** How long the take may last; a freeze that is lost ends it earlier. */
  readonly takeMs: number;
  /** What was held, as far as is known now: asked before each phase is left, and at the end. */
  evidence(): Omit<Evidence, 'taken' | 'takeEndedAtMs'>;
  readonly timeline: Timeline;
  readonly clock: Clock;
}

export interface Taken extends TakenSnapshot {
  readonly taken: boolean;
  readonly takeEndedAtMs: number | undefined;
  /** Whether the taker has found, afterwards, that all was held which it holds itself. */
  readonly verified?: boolean;
  readonly faults: readonly Fault[];
}

/**
 * The heart. Makes everything ready, enters the phases in order, takes the snapshot, and leaves every phase it tried,
 * last first. There is no other state: a degraded snapshot is the list of faults, and a crash is made good by leaving
 * what is on record.
 *
 * Throws only before anything was touched; from the first `enter` on it always returns.
 */
export async function takeSnapshot(cycle: Cycle, signal: AbortSignal): Promise<Taken> {
  const faults: Fault[] = [];
  const tried: Phase[] = [];
  let taken: Omit<Taken, 'faults'> = { taken: false, takeEndedAtMs: undefined };
  try {
    await ready(cycle, signal);
    if (await enter(cycle, tried, faults, signal)) taken = await takes(cycle, tried, faults, signal);
  } finally {
    // Also when `ready` refused: what it opened is given back, and a taker that was started is told.
    taken = await leave(cycle, tried, taken, faults);
  }
  return { ...taken, faults };
}

async function ready({ phases, taker }: Cycle, signal: AbortSignal): Promise<void> {
  await within('getting the snapshot ready', READY_MS, (limit) => taker.prepare(limit), signal);
  for (const phase of phases)
    await within(`making ${phase.name} ready`, READY_MS, (limit) => phase.ready(limit), signal);
}

/** Whether the snapshot may be taken. Each phase counts as tried before its first effect. */
async function enter(cycle: Cycle, tried: Phase[], faults: Fault[], signal: AbortSignal): Promise<boolean> {
  for (const phase of cycle.phases) {
    if (signal.aborted) {
      faults.push(faultOf('run', 'enter', signal.reason));
      return false;
    }
    if (phase.name === 'freeze' && !(await renewTaker(cycle, tried, faults, signal))) return false;
    tried.push(phase);
    const done = await enterOne(cycle, phase, tried.slice(0, -1), faults, signal);
    if (!done && (phase.required || signal.aborted)) return false;
    if (phase.name === 'prepare' && !(await renew(cycle, faults, signal))) return false;
  }
  return true;
}

const enterOne = (
  cycle: Cycle,
  phase: Phase,
  before: readonly Phase[],
  faults: Fault[],
  signal: AbortSignal,
): Promise<boolean> =>
  attempt(cycle, phase.name, 'enter', faults, () =>
    within(`entering ${phase.name}`, phase.enterMs, (limit) => phase.enter(limit), heldBy(before, signal)),
  );

/** What the scripts did to the machine may concern the phases after them. */
async function renew(cycle: Cycle, faults: Fault[], signal: AbortSignal): Promise<boolean> {
  for (const phase of cycle.phases.filter((each) => each.renew !== undefined)) {
    const what = `making ${phase.name} ready again`;
    const begun = faults.length;
    try {
      await within(what, READY_MS, async (limit) => phase.renew?.(limit), signal);
    } catch (error) {
      faults.push(...faultsOf(phase.name, 'ready', error));
    }
    if (faults.length > begun && phase.required) return false;
  }
  return true;
}

/** What was opened to take the snapshot may have grown cold while scripts and applications took their time. */
async function renewTaker(
  cycle: Cycle,
  tried: readonly Phase[],
  faults: Fault[],
  signal: AbortSignal,
): Promise<boolean> {
  const { taker } = cycle;
  if (taker.renew === undefined) return true;
  return attempt(cycle, 'take', 'ready', faults, () =>
    within('getting the snapshot ready again', READY_MS, async (limit) => taker.renew?.(limit), heldBy(tried, signal)),
  );
}

/** Takes until there is a snapshot, or no use in another try; what was missed counts only if it stays at that. */
async function takes(
  cycle: Cycle,
  tried: readonly Phase[],
  faults: Fault[],
  signal: AbortSignal,
): Promise<Omit<Taken, 'faults'>> {
  for (;;) {
    const missed: Fault[] = [];
    const taken = await take(cycle, tried, { known: faults, missed }, signal);
    if (!taken.taken && (await freezeAgain(cycle, tried, { taken, faults, missed }, signal))) continue;
    faults.push(...missed);
    return taken;
  }
}

/**
 * Thaws, and freezes anew for a taker that sees a use in another try: scripts and applications stay as they are. Whether
 * there is anything to be taken now.
 */
async function freezeAgain(
  cycle: Cycle,
  tried: readonly Phase[],
  {
    taken,
    faults,
    missed,
  }: { readonly taken: Omit<Taken, 'faults'>; readonly faults: Fault[]; readonly missed: Fault[] },
  signal: AbortSignal,
): Promise<boolean> {
  const freeze = tried.at(-1);
  const others = tried.slice(0, -1);
  if (freeze?.again === undefined || heldBy(others, signal).aborted || cycle.taker.again?.() !== true) return false;
  // A freeze that was lost says so when it is left, and that is why it is made anew.
  await leaveOne(cycle, freeze, taken, missed);
  if (!(await renewTaker(cycle, others, faults, signal))) return false;
  const made = await attempt(cycle, 'freeze', 'ready', faults, () =>
    within('making freeze ready again', READY_MS, async (limit) => freeze.again?.(limit), heldBy(others, signal)),
  );
  return made && ((await enterOne(cycle, freeze, others, faults, signal)) || !(freeze.required || signal.aborted));
}

async function take(
  cycle: Cycle,
  tried: readonly Phase[],
  { known, missed }: { readonly known: readonly Fault[]; readonly missed: Fault[] },
  signal: AbortSignal,
): Promise<Omit<Taken, 'faults'>> {
  let snapshot: TakenSnapshot = {};
  const taken = await attempt(cycle, 'take', 'take', missed, async () => {
    snapshot = await within(
      'the snapshot',
      cycle.takeMs,
      (limit) => cycle.taker.take(limit, { faults: known }),
      heldBy(tried, signal),
    );
  });
  const takeEndedAtMs = cycle.clock.monotonicMs();
  return { ...snapshot, taken, takeEndedAtMs };
}

/** Aborted with the run, and as soon as one of the phases does not hold any more. */
const heldBy = (phases: readonly Phase[], signal: AbortSignal): AbortSignal =>
  AbortSignal.any([signal, ...phases.flatMap(({ lost }) => lost ?? [])]);

/** Never throws and never stops early: one phase that cannot be left must not keep the others held. */
async function leave(
  cycle: Cycle,
  tried: Phase[],
  taken: Omit<Taken, 'faults'>,
  faults: Fault[],
): Promise<Omit<Taken, 'faults'>> {
  let known = taken;
  // A freeze that was made ready holds a process and descriptors, so it is left although it was never entered.
  const left = cycle.phases.filter((phase) => tried.includes(phase) || phase.name === 'freeze');
  for (const phase of left.toReversed()) {
    // The applications do not wait for this answer, and the post scripts are told of it.
    if (phase.name === 'prepare') known = await verify(cycle, known, faults);
    await leaveOne(cycle, phase, known, faults);
  }
  const { froze: _, ...told } = howItWent(cycle, known);
  await attempt(cycle, 'take', 'leave', faults, () =>
    within('ending the snapshot', FINISH_MS, (limit) => cycle.taker.finish(told, limit)),
  );
  return known;
}

async function verify(cycle: Cycle, taken: Omit<Taken, 'faults'>, faults: Fault[]): Promise<Omit<Taken, 'faults'>> {
  const { taker } = cycle;
  if (!taken.taken || taker.verify === undefined) return taken;
  const verified = await attempt(cycle, 'take', 'verify', faults, () =>
    within('to see what the snapshot has held', VERIFY_MS, async (limit) => taker.verify?.(limit)),
  );
  return { ...taken, verified };
}

function leaveOne(cycle: Cycle, phase: Phase, taken: Omit<Taken, 'faults'>, faults: Fault[]): Promise<boolean> {
  const how = howItWent(cycle, taken);
  return attempt(cycle, phase.name, 'leave', faults, () =>
    within(`leaving ${phase.name}`, phase.leaveMs, (limit) => phase.leave(how, limit)),
  );
}

const howItWent = ({ evidence }: Cycle, taken: Omit<Taken, 'faults'>): HowItWent => {
  const { consistency, froze } = levelOf(withHeld(evidence(), taken));
  return { consistency, froze, ...(taken.snapshot === undefined ? {} : { snapshot: taken.snapshot }) };
};

/** Does one step, with its line in the timeline; a failure becomes a fault. */
async function attempt(
  { timeline, clock }: Cycle,
  phase: PhaseName | 'take',
  during: Fault['during'],
  faults: Fault[],
  work: () => Promise<void>,
): Promise<boolean> {
  const atMs = clock.monotonicMs();
  let error: { error: string } | undefined;
  try {
    await work();
  } catch (thrown) {
    faults.push(...faultsOf(phase, during, thrown));
    error = { error: redact(messageOf(thrown)) };
  }
  timeline.add(phase, [{ step: during, atMs, tookMs: clock.monotonicMs() - atMs, ...error }]);
  return error === undefined;
}

/** A step may fail in several places at once (mounts, scripts, applications): each is a fault of its own. */
const faultsOf = (phase: Fault['phase'], during: Fault['during'], thrown: unknown): readonly Fault[] =>
  thrown instanceof AggregateError && thrown.errors.length > 0
    ? thrown.errors.map((each) => faultOf(phase, during, each))
    : [faultOf(phase, during, thrown)];

const faultOf = (phase: Fault['phase'], during: Fault['during'], thrown: unknown): Fault => {
  const remedy = thrown instanceof UserError ? thrown.remedy : undefined;
  const mountPoint = thrown instanceof MountError ? thrown.mountPoint : undefined;
  const known = thrown instanceof UserError || thrown instanceof MountError || thrown instanceof DeadlineError;
  const code = known ? thrown.code : undefined;
  return {
    phase,
    during: thrown instanceof VerifyError ? 'verify' : during,
    // Programs and scripts are quoted in it.
    message: redact(messageOf(thrown)),
    ...(code === undefined ? {} : { code }),
    ...(remedy === undefined ? {} : { remedy }),
    ...(mountPoint === undefined ? {} : { mountPoint }),
  };
};
