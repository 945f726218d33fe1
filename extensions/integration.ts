import type { Change } from '../agent/system/changes.ts';
import type { Platform, System } from '../agent/system/system.ts';

/**
 * Another program that takes snapshots, made to call quiesced. Its id is a verb of `quiesced integrate`, dotted by
 * nothing and never changed once released.
 */
export interface Integration {
  readonly id: string;
  readonly platforms: readonly Platform[];
  /**
   * What has to be changed so that the program calls `self` (how quiesced is started: `[node, main.ts]`), or, when that
   * is `undefined`, so that it does not any more and nothing of ours is left. Looks only. What is so already is no change:
   * made again after it was applied, the plan is empty.
   *
   * Throws a `UserError` when the program is not here, when something is held for it right now, or for a file that is in
   * the way or was edited (`file.foreign`, `file.edited`): then nothing may be changed.
   */
  plan(system: System, self: readonly string[] | undefined): Promise<IntegrationPlan>;
}

export interface IntegrationPlan {
  readonly changes: readonly Change[];
  /** What is to be done besides, by a person; and what should be known. */
  readonly notes: readonly Note[];
}

export interface Note {
  readonly message: string;
  readonly remedy?: string;
}
