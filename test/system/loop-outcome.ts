import type { Test } from 'tap';
import type { Outcome } from '../../agent/snapshot/outcome.ts';
import type { Mounted } from './loop.ts';
import type { Write } from './loop-observe.ts';

/** `--mount` for each. */
export const mounts = (...all: readonly { readonly mountPoint: string }[]): readonly string[] =>
  all.flatMap(({ mountPoint }) => ['--mount', mountPoint]);

export const points = (...all: readonly Mounted[]): readonly string[] => all.map(({ mountPoint }) => mountPoint).sort();

/** Steps of the timeline that were done to one file system. */
export const steps = ({ timeline }: Outcome, step: string, mountPoint: string) =>
  timeline.filter((each) => each.step === step && each.mountPoint === mountPoint);

export const begun = (outcome: Outcome, step: string, { mountPoint }: Mounted): number =>
  steps(outcome, step, mountPoint)[0]?.atMs ?? Number.NaN;

export const ended = (outcome: Outcome, step: string, mounted: Mounted): number =>
  begun(outcome, step, mounted) + (steps(outcome, step, mounted.mountPoint)[0]?.tookMs ?? Number.NaN);

/**
 * Whether one was thawed before the other one's turn. A thaw that goes on for longer than a tenth of a second, as on a disk
 * that is busy, does not keep the next one waiting (`FrozenSet`).
 */
export const thawedBefore = (outcome: Outcome, first: Mounted, second: Mounted): boolean =>
  Math.min(ended(outcome, 'thaw', first), begun(outcome, 'thaw', first) + TURN_MS) <= begun(outcome, 'thaw', second);

/** Of a tenth of a second a timer may leave out one. */
const TURN_MS = 98;

/** Everything went as it should; nothing held any applications. */
export function wentWell(t: Test, outcome: Outcome, ...frozen: readonly Mounted[]): void {
  t.match(outcome, { consistency: 'file-system', reason: 'nothing holds the applications', faults: [] });
  t.strictSame([...outcome.frozen].sort(), points(...frozen));
  t.ok(outcome.frozenMs > 0, `${outcome.frozenMs} ms`);
}

/** When a file system was frozen for certain, by the program's own account: last FIFREEZE done, first FITHAW begun. */
export function frozenSpan({ startedMonotonicMs = 0, timeline }: Outcome, mountPoint: string): Write {
  const of = (name: string) => timeline.find((each) => each.step === name && each.mountPoint === mountPoint);
  const [freeze, thaw] = [of('freeze'), of('thaw')];
  if (freeze === undefined || thaw === undefined) throw new Error(`${mountPoint} was not frozen and thawed`);
  return [startedMonotonicMs + freeze.atMs + freeze.tookMs, startedMonotonicMs + thaw.atMs];
}

/** The writer's evidence: nothing was written in between, and writing went on before and after. */
export function heldBack(t: Test, writes: readonly Write[], [fromMs, toMs]: Write): void {
  t.ok(toMs > fromMs, `frozen for ${Math.round(toMs - fromMs)} ms`);
  const inside = writes.filter(([began, ended]) => began > fromMs && ended < toMs);
  t.equal(inside.length, 0, 'no write began and returned while frozen');
  // As many as the writer does before it says that it is there, and before it answers.
  t.ok(writes.filter(([, ended]) => ended < fromMs).length >= 4, 'it wrote before');
  t.ok(writes.filter(([began]) => began > toMs).length >= 4, 'it wrote after');
  const held = writes.find(([began, ended]) => began < toMs && ended > toMs);
  t.ok(held, `one write was held back until then: ${held && Math.round(held[1] - held[0])} ms`);
}
