import type { Outcome } from '../../../agent/snapshot/outcome.ts';

/** An outcome that went as it should. */
export const outcomeOf = (differs: Partial<Outcome> = {}): Outcome => ({
  schema: 1,
  id: 'run-1',
  kind: 'snapshot',
  taker: 'command',
  startedAt: '2026-03-01T03:00:00.000Z',
  startedMonotonicMs: 1000,
  tookMs: 400,
  consistency: 'application',
  evidence: 'verified',
  reason: 'applications were held, and it was verified',
  frozenMs: 70,
  frozen: ['/'],
  left: [],
  warnings: [],
  faults: [],
  timeline: [],
  ...differs,
});
