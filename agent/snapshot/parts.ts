import type { Config } from '../config/schema.ts';
import type { Freezer } from '../freezer/freezer.ts';
import type { Log } from '../log.ts';
import type { Quiescer } from '../quiescers/quiescer.ts';
import type { System } from '../system/system.ts';
import type { Taker } from '../takers/taker.ts';
import type { RunKind } from './outcome.ts';
import type { SnapshotPlan } from './plan.ts';

/** What a run is made of; `daemon.ts` puts it together. */
export interface Parts {
  readonly system: System;
  readonly log: Log;
  readonly config: Config;
  readonly quiescers: readonly Quiescer[];
  /** @param lockFd the guard inherits it, so that nobody else starts while anything is frozen. */
  freezer(lockFd: number | undefined): Freezer;
  /**
   * Gives back what a dead run owes that its taker has left behind.
   *
   * @param taker its id. @param what it has recorded.
   */
  giveBack?(taker: string, what: unknown, signal: AbortSignal): Promise<void>;
}

export interface RunRequest {
  readonly kind: RunKind;
  readonly taker: Taker;
  readonly plan: SnapshotPlan;
  /** The plan as it would be made now; undefined when nothing was mounted or unmounted since the last one. */
  readonly replan?: (last: SnapshotPlan) => Promise<SnapshotPlan | undefined>;
  /** Whether there is no use in it unless everything is held, whatever the configuration says. */
  readonly allOrNothing?: boolean;
  /** Whether there is no use in it unless every file system is frozen. */
  readonly mustFreeze?: boolean;
  readonly quiescers: readonly Quiescer[];
  /** Databases that run now and that none of these would hold. */
  readonly unheld?: () => Promise<readonly string[]>;
  /** The longest that the take may last. */
  readonly takeMs: number;
  /** How the one who is refused meanwhile is told who is at work: `quiesced snapshot`. */
  readonly command: string;
}
