/**
 * A way to take the snapshot. `prepare` runs before the freeze and opens every connection and process that `take`
 * needs: while frozen nothing may be opened, spawned or resolved. `finish` is always called once `prepare` was, also
 * when that failed, and is safe whatever happened.
 */
export interface Taker {
  readonly id: string;
  /** `false` for a rehearsal: the outcome then says what the level would be. */
  readonly takes: boolean;
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
}
