import type { FileChange, RunChange } from '../system/changes.ts';
import type { Facts } from '../system/facts.ts';
import type { Platform, System } from '../system/system.ts';
import type { Note } from '../system/transaction.ts';

/**
 * Something that keeps a restored machine from coming up, and can be mended now. It plans and touches nothing: what is
 * changed, in which order, and how it is taken back is decided in one place for all of them.
 */
export interface Repair {
  /** As a person names it, that of the check where there is no better one. Never changes once released. */
  readonly id: string;
  /** The check whose finding it mends; it is run again afterwards, and must find nothing then. */
  readonly check: string;
  readonly title: string;
  readonly platforms: readonly Platform[];
  /** What may go wrong by it, or be different afterwards; for the person who decides. */
  readonly risk: string;
  /** Done by `--all-safe` too: nothing of the running machine changes, and undo brings every byte back. */
  readonly safe: boolean;
  /** What mends it. Empty where there is nothing to mend, and again once it was carried out. */
  plan(system: System, context: RepairContext): Promise<RepairPlan>;
  /**
   * The programs that make what follows from these files, once they have been changed or put back: images, boot menus.
   * They may be run a second time.
   */
  follow?(
    system: System,
    paths: readonly string[],
    way: 'there' | 'back',
    context: RepairContext,
  ): Promise<readonly RunChange[]>;
  /** Why the change must not be made: the opinion of the program that will read the file. Throws a `UserError`. */
  verify?(system: System, changes: readonly FileChange[]): Promise<void>;
}

export interface RepairContext {
  readonly facts: Pick<Facts, 'architecture' | 'systemd'>;
  /** How this program is started again, for what is looked at between two programs: `[node, main.ts]`. */
  readonly self: readonly string[];
}

export interface RepairPlan {
  readonly changes: readonly FileChange[];
  /** That no change of a file leads to; not undone. */
  readonly runs: readonly RunChange[];
  /** What cannot be mended from here, and what to do. */
  readonly notes: readonly Note[];
}

export const NOTHING: RepairPlan = { changes: [], runs: [], notes: [] };

/** Making an image takes a minute on a small machine, installing a package with its list of packages several. */
export const RUN_MS = 15 * 60_000;

export const run = (...argv: readonly string[]): RunChange => ({ do: 'run', argv, timeoutMs: RUN_MS });
