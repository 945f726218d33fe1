import type { Consistency, Fault, TimelineStep } from './phases.ts';

/** What is known of a run, from which its level follows. */
export interface Evidence {
  /** A snapshot was taken, or a rehearsal or hold came to its proper end. */
  readonly taken: boolean;
  readonly takeEndedAtMs: number | undefined;
  /** `all`: each freezable file system was frozen by us. `none`: there was nothing to freeze, or it was not wanted. */
  readonly frozen: 'all' | 'some' | 'none';
  /** When the freeze was known or found not to hold any more; undefined when it held until we thawed. */
  readonly freezeLostAtMs: number | undefined;
  /** Writable, and nobody can hold it. */
  readonly unfreezable: readonly string[];
  /**
   * `verified`: a quiescer found its hold still there after the thaw. `script-only`: all we know is that the pre
   * scripts ended with 0. `failed`: one that should have been held was not. `none`: nothing is configured.
   */
  readonly applications: 'verified' | 'script-only' | 'failed' | 'none';
  /** Databases that ran meanwhile and that no quiescer held: `PostgreSQL`. */
  readonly unheld: readonly string[];
  /** Folders with the data of those that were held, on file systems that were not frozen by us. */
  readonly unfrozenData: readonly string[];
}

export interface Level {
  readonly consistency: Consistency;
  readonly evidence?: 'verified' | 'script-only';
  /** Why it is not better, or what makes it that good; one line. */
  readonly reason: string;
  /** Every freezable file system was frozen during the whole take. */
  readonly froze: boolean;
}

export const NOTHING_TAKEN = 'no snapshot was taken';

/** What the snapshot may be called, and never more than was proved: DESIGN.md §4. */
export function levelOf(evidence: Evidence): Level {
  const { taken, frozen, unfreezable } = evidence;
  const lasted = heldUntilTaken(evidence);
  const froze = frozen === 'all' && lasted;
  if (!taken) return { consistency: 'none', reason: NOTHING_TAKEN, froze };
  if (frozen === 'none') return { consistency: 'crash', reason: 'no file system was frozen by quiesced', froze };
  if (frozen === 'some') return { consistency: 'crash', reason: 'not every file system could be frozen', froze };
  if (!lasted) return { consistency: 'crash', reason: 'a file system was writable again too early', froze };
  if (unfreezable.length > 0) {
    return { consistency: 'crash', reason: `cannot be frozen: ${unfreezable.join(', ')}`, froze };
  }
  return { ...levelOfApplications(evidence), froze };
}

/** A freeze that was lost after the copy was complete has harmed nothing. */
const heldUntilTaken = ({ freezeLostAtMs, takeEndedAtMs }: Evidence): boolean =>
  freezeLostAtMs === undefined || (takeEndedAtMs !== undefined && freezeLostAtMs > takeEndedAtMs);

function levelOfApplications({ applications, unheld, unfrozenData }: Evidence): Omit<Level, 'froze'> {
  switch (applications) {
    case 'verified':
      if (unfrozenData.length > 0) {
        return {
          consistency: 'file-system',
          reason: `data of an application was not frozen: ${unfrozenData.join(', ')}`,
        };
      }
      // Scripts may well have seen to it; quiescers that leave one out have not.
      if (unheld.length > 0) {
        return { consistency: 'file-system', reason: `running and not held: ${unheld.join(', ')}` };
      }
      return {
        consistency: 'application',
        evidence: 'verified',
        reason: 'applications were held, and it was verified',
      };
    case 'script-only':
      return {
        consistency: 'application',
        evidence: 'script-only',
        reason: 'the pre scripts ended with 0; no more is known',
      };
    case 'failed':
      return { consistency: 'file-system', reason: 'an application was not held' };
    case 'none':
      return { consistency: 'file-system', reason: 'nothing holds the applications' };
  }
}

/** The result of a run, as it is shown, kept in the history and given to whoever asked. JSON: docs of schema 1. */
export interface Outcome {
  readonly schema: 1;
  readonly id: string;
  readonly kind: RunKind;
  readonly taker: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** CLOCK_MONOTONIC at the start: the timeline counts from here. Absent when the run was cut off. */
  readonly startedMonotonicMs?: number;
  readonly tookMs: number;
  /** What was reached; `none` when nothing was taken, which a rehearsal never does. */
  readonly consistency: Consistency;
  /** Rehearsals: what a snapshot taken this way would be. */
  readonly wouldBe?: Consistency;
  readonly evidence?: 'verified' | 'script-only';
  readonly reason: string;
  readonly snapshot?: string;
  /** First FIFREEZE to last FITHAW. */
  readonly frozenMs: number;
  readonly frozen: readonly string[];
  readonly left: readonly {
    readonly mountPoint: string;
    readonly type: string;
    readonly why: string;
    readonly reason: string;
  }[];
  readonly warnings: readonly string[];
  readonly faults: readonly Fault[];
  readonly timeline: readonly TimelineStep[];
}

export type RunKind = 'snapshot' | 'rehearsal' | 'hold' | 'freeze';
