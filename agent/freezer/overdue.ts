import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../system/system.ts';
import { FLUSH_MS } from './freezer.ts';
import { type OwedFreeze, readFreezeJournal } from './journal.ts';

/** Which freeze the third line was armed for. */
export interface ArmedFreeze {
  /** Monotonic time, before the flush. */
  readonly sinceMs: number;
  /** From the first FIFREEZE. */
  readonly deadlineMs: number;
}

/** What those get who are to thaw: the guard at the deadline, the daemon 0.3 s after it. */
const GRACE_MS = 500;
/** Beyond the longest flush; then the freeze was given up. */
const SLACK_MS = 5000;
const POLL_MS = 50;

export type OverdueStep = 'thaw' | 'leave' | 'wait';

/**
 * Watches the record of a freeze until it is settled (`false`), or owed beyond its deadline and half a second (`true`).
 * Throws a `UserError` (`journal.broken`) when the record cannot be read.
 */
export async function becomesOverdue(
  journalPath: string,
  bootId: string,
  freeze: ArmedFreeze,
  clock: Clock,
): Promise<boolean> {
  for (;;) {
    const step = overdueStep(readFreezeJournal(journalPath), bootId, freeze, clock.monotonicMs());
    if (step !== 'wait') return step === 'thaw';
    await sleep(POLL_MS);
  }
}

/**
 * The decision. The guard made the record before the third line was armed, and removes it when nothing is owed: a
 * record without a deadline since then belongs to a flush that goes on.
 */
export function overdueStep(
  record: OwedFreeze | undefined,
  bootId: string,
  { sinceMs, deadlineMs }: ArmedFreeze,
  nowMs: number,
): OverdueStep {
  if (record === undefined) return 'leave';
  const { armed, fileSystems, expedited } = record;
  if (armed === undefined || record.bootId !== bootId || armed.atMs < sinceMs) {
    return nowMs > sinceMs + FLUSH_MS + deadlineMs + SLACK_MS ? 'leave' : 'wait';
  }
  if (fileSystems.length === 0 && !expedited) return 'leave';
  return nowMs < armed.untilMs + GRACE_MS ? 'wait' : 'thaw';
}
