import type { Clock } from '../../agent/system/system.ts';

export interface FakeClock extends Clock {
  advance(ms: number): void;
}

/** Stands still until it is told to go on; both of its hands move together. */
export function fakeClock(startMs = 1000, startDate = new Date('2026-03-01T03:00:00Z')): FakeClock {
  let passedMs = 0;
  return {
    monotonicMs: () => startMs + passedMs,
    now: () => new Date(startDate.getTime() + passedMs),
    advance: (ms) => {
      passedMs += ms;
    },
  };
}
