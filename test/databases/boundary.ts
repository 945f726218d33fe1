import type { Outcome } from '../../agent/snapshot/outcome.ts';
import type { Engine } from './engine.ts';
import type { Noted } from './load.ts';

/** From when on nothing more may be in the copy, and until when all of it must be; on the monotonic clock. */
export interface Boundary {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The hold where it blocks anything, the freeze where it does not. */
export function boundaryOf(
  { blocks }: Pick<Engine, 'blocks'>,
  { timeline, startedMonotonicMs = 0 }: Outcome,
): Boundary {
  const steps = timeline.filter(({ phase, step }) =>
    blocks === 'nothing' ? phase === 'freeze' && step === 'freeze' : phase === 'quiesce' && step === 'enter',
  );
  return {
    fromMs: startedMonotonicMs + Math.min(...steps.map(({ atMs }) => atMs)),
    toMs: startedMonotonicMs + Math.max(...steps.map(({ atMs, tookMs }) => atMs + tookMs)),
  };
}

/** What of a copy is not as it was promised: rows that were acknowledged before and are missing, or began after. */
export function brokenIn(rows: readonly Noted[], copied: readonly number[], { fromMs, toMs }: Boundary) {
  const there = new Set(copied);
  return {
    lost: rows.filter(({ row, ackedMs }) => ackedMs !== undefined && ackedMs < fromMs && !there.has(row)).length,
    tooNew: rows.filter(({ row, sentMs }) => sentMs > toMs && there.has(row)).length,
  };
}
