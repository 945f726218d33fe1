import type { Outcome } from '../snapshot/outcome.ts';
import type { TimelineStep } from '../snapshot/phases.ts';

/** A stretch of time; milliseconds from the beginning of the run. */
export interface Span {
  readonly what: 'enter' | 'held' | 'leave' | 'take' | 'script' | 'flush' | 'freeze' | 'frozen' | 'thaw';
  readonly atMs: number;
  readonly tookMs: number;
  readonly failed?: true;
}

/** What happened to one phase, script or file system, by rising time. */
export interface Track {
  readonly name: string;
  readonly spans: readonly Span[];
}

export interface MountTrack extends Track {
  /** For how long its writers waited: begin of FIFREEZE to end of FITHAW. Absent where one of them is not on record. */
  readonly stallMs?: number;
}

/** A run in figures, taken from its timeline. */
export interface RunFigures {
  /** Phases, each followed by its scripts. */
  readonly phases: readonly Track[];
  /** The longest stall first. */
  readonly mounts: readonly MountTrack[];
  /** Of all file systems; absent when none was frozen. */
  readonly longestStall?: { readonly mountPoint: string; readonly ms: number };
}

/** The history is a file: what a disk or another version has made of a step is left out. */
export function figuresOf({ timeline }: Pick<Outcome, 'timeline'>): RunFigures {
  const steps = timeline.filter(isStep).toSorted((a, b) => a.atMs - b.atMs);
  const ofMounts = steps.filter(({ mountPoint }) => mountPoint !== undefined);
  const mounts = [...Map.groupBy(ofMounts, ({ mountPoint = '' }) => mountPoint)]
    .map(([mountPoint, own]) => mountTrack(mountPoint, own))
    .toSorted((a, b) => (b.stallMs ?? -1) - (a.stallMs ?? -1));
  const [longest] = mounts;
  return {
    phases: phaseTracks(steps.filter(({ mountPoint }) => mountPoint === undefined)),
    mounts,
    ...(longest?.stallMs === undefined ? {} : { longestStall: { mountPoint: longest.name, ms: longest.stallMs } }),
  };
}

const isStep = (value: unknown): value is TimelineStep => {
  const { atMs, tookMs, phase, step, mountPoint } = (value ?? {}) as Partial<Record<keyof TimelineStep, unknown>>;
  return (
    Number.isFinite(atMs) &&
    Number.isFinite(tookMs) &&
    (tookMs as number) >= 0 &&
    typeof phase === 'string' &&
    typeof step === 'string' &&
    (mountPoint === undefined || typeof mountPoint === 'string')
  );
};

const spanOf = (what: Span['what'], { atMs, tookMs, error }: TimelineStep): Span => ({
  what,
  atMs,
  tookMs,
  ...(error === undefined ? {} : { failed: true }),
});

const endOf = ({ atMs, tookMs }: TimelineStep): number => atMs + tookMs;

function mountTrack(mountPoint: string, steps: readonly TimelineStep[]): MountTrack {
  const freeze = steps.find(({ step, error }) => step === 'freeze' && error === undefined);
  const thaw = steps.findLast(({ step, error }) => step === 'thaw' && error === undefined);
  const own = steps.flatMap((step) =>
    step.step === 'flush' || step.step === 'freeze' || step.step === 'thaw' ? [spanOf(step.step, step)] : [],
  );
  if (freeze === undefined || thaw === undefined || thaw.atMs < freeze.atMs) return { name: mountPoint, spans: own };
  const frozen = between('frozen', freeze, thaw);
  return { name: mountPoint, spans: inOrder([...own, ...frozen]), stallMs: endOf(thaw) - freeze.atMs };
}

/** Those that this program has; any other word is another version's. */
const PHASES: readonly TimelineStep['phase'][] = ['prepare', 'quiesce', 'freeze', 'take'];

const phaseTracks = (steps: readonly TimelineStep[]): readonly Track[] =>
  PHASES.flatMap((phase) => {
    const own = steps.filter((step) => step.phase === phase);
    const [enter, leave] = ['enter', 'leave'].map((name) => own.find(({ step }) => step === name));
    const taken = own.filter(({ step }) => step === 'take').map((step) => spanOf('take', step));
    const spans = [
      ...(enter === undefined ? [] : [spanOf('enter', enter)]),
      ...(enter === undefined || leave === undefined ? [] : between('held', enter, leave)),
      ...taken,
      // A taker is told of the end; that is none of the time in which anything waited.
      ...(leave === undefined || phase === 'take' ? [] : [spanOf('leave', leave)]),
    ];
    const scripts = own.filter(({ step }) => /^(pre|post) /.test(step));
    const tracks = scripts.map((step) => ({ name: step.step, spans: [spanOf('script', step)] }));
    return spans.length === 0 && tracks.length === 0 ? [] : [{ name: phase, spans: inOrder(spans) }, ...tracks];
  });

/** From the end of one to the beginning of the other. */
function between(what: Span['what'], first: TimelineStep, last: TimelineStep): readonly Span[] {
  const tookMs = last.atMs - endOf(first);
  return tookMs <= 0 ? [] : [{ what, atMs: endOf(first), tookMs }];
}

const inOrder = (spans: readonly Span[]): readonly Span[] => spans.toSorted((a, b) => a.atMs - b.atMs);
