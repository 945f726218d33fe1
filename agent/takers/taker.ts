/**
 * A way to take the snapshot. `prepare` runs before the freeze and opens every connection and process that `take`
 * needs: while frozen nothing may be opened, spawned or resolved. `finish` is always called once `prepare` was, also
 * when that failed, and is safe whatever happened.
 */
export interface Taker {
  readonly id: string;
  /** `false` for a rehearsal: the outcome then says what the level would be. */
  readonly takes: boolean;
  /**
   * Called first, where `take` leaves something behind that another process would have to give back after our death: `owe`
   * puts on record what that one needs to know, durably when it returns, and `undefined` that nothing is owed any more.
   */
  record?(owe: (what: unknown) => Promise<void>): void;
  prepare(signal: AbortSignal): Promise<void>;
  /**
   * Before each freeze, with the applications held: what `prepare` opened may have grown cold while the scripts ran. Short.
   * A throw is the end: no snapshot is taken.
   */
  renew?(signal: AbortSignal): Promise<void>;
  /** While frozen. Returns what names the snapshot to whoever restores it; throws when there is none. */
  take(signal: AbortSignal, holding: Holding): Promise<TakenSnapshot>;
  /**
   * Asked after a `take` that threw: whether another one may do better. Then everything is thawed, `renew` is called, and
   * all is frozen anew, while scripts and applications stay as they are. Without it, and sooner or later, `false`.
   */
  again?(): boolean;
  /**
   * After a snapshot was taken and the applications were let go, before the post scripts are told what it is worth: throws
   * what turns out not to have been held. For a taker that has applications held by itself.
   */
  verify?(signal: AbortSignal): Promise<void>;
  /** After the thaw: lets the other side know, and gives everything back. */
  finish(outcome: { readonly consistency: string; readonly snapshot?: string }, signal: AbortSignal): Promise<void>;
}

/** How the machine is held now. */
export interface Holding {
  /** What is not held as it should be; empty when all of it is. */
  readonly faults: readonly { readonly phase: string; readonly message: string }[];
}

export interface TakenSnapshot {
  /** An id, path or URL; never with a secret in it. Undefined when nothing was taken (rehearsal, hold). */
  readonly snapshot?: string;
  /** Where the taker has held file systems back by itself, and `verify` tells of applications. */
  readonly held?: HeldByTaker;
}

/** What a taker has held back for the moment of its copy, in the place of a freeze. */
export interface HeldByTaker {
  /** Where the volumes are mounted, `C:\`, each place of each: the snapshot is of these alone. */
  readonly volumes: readonly string[];
  /** The others that there are, and why they are not in it. */
  readonly left: readonly { readonly mountPoint: string; readonly type: string; readonly reason: string }[];
}
