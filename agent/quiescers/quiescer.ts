import type { DatabaseInstance } from '../system/database-instances.ts';

/**
 * Holds one application still. The contract, for every implementation:
 * - `hold` returns when the application's data on disk is consistent and stays so until `release`.
 * - `verify` is asked after the thaw and before `release`: was this very hold there all the time? A session that
 *   dropped in between is a throw, never a guess.
 * - `release` is safe after a finished, a failed and a half-done `hold`, and in another process from `owed` alone.
 * - Nothing of it writes to a file system that is about to be frozen after `hold` returned.
 * - A hold ends with this process, and at the quiesce deadline at the latest even if this process was stopped; where
 *   only a statement ends it, `owed` is on record before `hold` begins.
 */
export interface Quiescer {
  /** Dotted kebab-case, unique: the application, and the instance where there are several. */
  readonly id: string;
  readonly title: string;
  /** What a later process needs to release a hold that outlives us; undefined when the hold ends with this process. */
  readonly owed?: unknown;
  /** What becomes of the snapshot when it cannot be held; undefined: as [snapshot] on-failure says. */
  readonly onFailure?: 'continue' | 'abort';
  /** How long `hold` may take; undefined: as long as all of them together. */
  readonly holdMs?: number;
  /**
   * Asked before anything is on record, and changes nothing: throws where it cannot be held. What somebody else holds
   * must not get on our record, or recovery would release it. `hold` and `release` are not called after that.
   */
  ready?(signal: AbortSignal): Promise<void>;
  hold(signal: AbortSignal): Promise<void>;
  verify(signal: AbortSignal): Promise<void>;
  release(signal: AbortSignal): Promise<void>;
  /**
   * Folders that must be frozen for the hold to be worth anything: where nothing is blocked, the freeze alone keeps
   * data and log together. Known once it is held.
   */
  readonly folders?: readonly string[];
}

/** What other programs cannot do while it is held. `nothing`: the freeze alone makes the copy consistent. */
export type Blocks = 'writes' | 'commits' | 'nothing';

/** A quiescer of the configuration. */
export interface ConfiguredQuiescer extends Quiescer {
  readonly kind: string;
  /** Which of those that run here it would hold; undefined: none of them, or nobody can tell which. */
  pick(instances: readonly DatabaseInstance[]): DatabaseInstance | undefined;
  /**
   * Connects, looks and leaves; holds nothing. Throws when it cannot be reached; what is missing for a hold, or wrong
   * with the application, is in the answer.
   */
  detect(signal: AbortSignal): Promise<Detected>;
}

/** What was found by asking an application. */
export interface Detected {
  readonly version: string;
  readonly blocks: Blocks;
  /** How it would be held, in a few words. */
  readonly how: string;
  /** What stands in the way of a hold. */
  readonly missing: readonly Shortcoming[];
  /** It is held, or was left held, by nobody who is there any more. */
  readonly stale: readonly Shortcoming[];
  /** The longest statement or transaction under way, in seconds; undefined where it does not matter. */
  readonly longestSeconds?: number;
  readonly folders: readonly string[];
}

export interface Shortcoming {
  readonly what: string;
  readonly remedy: string;
}
