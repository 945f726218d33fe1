/**
 * Holds one application still. The contract, for every implementation:
 * - `hold` returns when the application's data on disk is consistent and stays so until `release`.
 * - `verify` is asked after the thaw and before `release`: was this very hold there all the time? A session that
 *   dropped in between is a throw, never a guess.
 * - `release` is safe after a finished, a failed and a half-done `hold`, and in another process from `owed` alone.
 * - Nothing of it writes to a file system that is about to be frozen after `hold` returned.
 */
export interface Quiescer {
  /** Dotted kebab-case, unique: the application, and the instance where there are several. */
  readonly id: string;
  readonly title: string;
  /** What a later process needs to release a hold that outlives us; undefined when the hold ends with this process. */
  readonly owed?: unknown;
  hold(signal: AbortSignal): Promise<void>;
  verify(signal: AbortSignal): Promise<void>;
  release(signal: AbortSignal): Promise<void>;
}
