import type { Told } from '../../../agent/reporters/reporter.ts';
import type { Status, StatusProblem } from '../../../agent/reporters/status.ts';

export const HOUR_MS = 3_600_000;

export const problem = (
  verdict: StatusProblem['verdict'],
  id: string,
  more: Partial<StatusProblem> = {},
): StatusProblem => ({ id, verdict, title: `Title of ${id}`, detail: `detail of ${id}`, ...more });

/** A status with nothing wrong. */
export const status = (more: Partial<Status> = {}): Status => ({
  schema: 1,
  time: '2026-11-21T09:00:00.500Z',
  verdict: 'pass',
  counts: { pass: 14, info: 0, warn: 0, fail: 0, error: 0, skip: 2 },
  problems: [],
  expected: { consistency: 'file-system', reason: 'nothing is set up to hold applications' },
  ...more,
});

export const told = (more: Partial<Status> = {}, rest: Partial<Told> = {}): Told => ({
  status: status(more),
  hostname: 'web-01',
  checks: [],
  runs: [],
  ...rest,
});
