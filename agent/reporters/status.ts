/**
 * What is left behind of a readiness run for whoever asks later: `/run/quiesced/status.json`, which everybody may read.
 * No secret in it: details of findings are redacted before they get here.
 */
export interface Status {
  readonly schema: 1;
  /** When the checks began; ISO 8601, UTC. */
  readonly time: string;
  /** How often they run by themselves; absent when they do not. */
  readonly intervalMs?: number;
  readonly verdict: StatusVerdict;
  readonly counts: Readonly<Record<CheckVerdict, number>>;
  /** Worst first. */
  readonly problems: readonly StatusProblem[];
  readonly expected: StatusExpected;
  /** The last run of any kind. */
  readonly last?: RunSummary;
}

export type StatusVerdict = 'pass' | 'warn' | 'error' | 'fail';
export type CheckVerdict = StatusVerdict | 'info' | 'skip';

export interface StatusProblem {
  readonly id: string;
  readonly verdict: 'fail' | 'error' | 'warn';
  readonly title: string;
  readonly detail: string;
}

/** What a snapshot taken now would be worth; `unknown` where root alone could tell. */
export interface StatusExpected {
  readonly consistency: 'application' | 'file-system' | 'crash' | 'none' | 'unknown';
  readonly reason: string;
}

/** A snapshot, hold or rehearsal in a few words. */
export interface RunSummary {
  readonly kind: string;
  readonly startedAt: string;
  readonly tookMs: number;
  /** Rehearsals: what a snapshot would have been. */
  readonly consistency: Exclude<StatusExpected['consistency'], 'unknown'>;
  readonly frozenMs: number;
  readonly faults: number;
}
