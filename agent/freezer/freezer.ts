import type { FileSystem } from './mounts.ts';

/**
 * Freezes file systems and guarantees the thaw. `prepare` opens everything and starts the guard; after it nothing is
 * opened or spawned until the thaw.
 */
export interface Freezer {
  /**
   * Opens every file system, starts the guard and arms the ways back. Nothing is frozen yet. Throws a `UserError` when
   * somebody else holds the freeze lock, or a device may not be frozen (`QUIESCED_TEST`).
   *
   * @param previous what is to be followed; it is ended first, since two at once would share a record and a lock. There is
   * a guard at every moment: when this throws, `previous` has one still, until its `end`.
   */
  prepare(plan: FreezePlan, signal: AbortSignal, previous?: PreparedFreeze): Promise<PreparedFreeze>;
}

export interface FreezePlan {
  /** Groups in the order of freezing; those of one group are independent and are frozen in parallel. */
  readonly groups: readonly (readonly FileSystem[])[];
  /** Counted from just before the first FIFREEZE. */
  readonly deadlineMs: number;
  /** Raise `/sys/kernel/rcu_expedited` meanwhile. */
  readonly expedite: boolean;
}

export interface PreparedFreeze {
  /**
   * Flushes, then freezes, all that was prepared. Settles when each file system is frozen, refused or given up at the
   * deadline; never throws for a single one: see `FreezeResult.fileSystems`.
   */
  freeze(): Promise<FreezeResult>;
  /** Aborted, with the reason, as soon as the freeze is known not to hold any more (deadline, the guard's death). */
  readonly lost: AbortSignal;
  /**
   * Thaws what was frozen. Safe in every state and more than once (the same report is given again). Never throws; what
   * could not be thawed is in the report and stays owed.
   */
  thaw(): Promise<ThawReport>;
  /**
   * Lets the guard go. Called once everything else of the run has been left too: until then the guard notices if this
   * process dies, and has the rest left in its place. Safe in every state; thaws what is still frozen. Settles when the
   * guard has given back its locks and records, or a moment later.
   */
  end(): Promise<void>;
}

export interface FreezeResult {
  readonly fileSystems: readonly FreezeState[];
  readonly steps: readonly FreezeStep[];
  /** What weakens the guarantee of the thaw, and was no reason not to freeze. */
  readonly warnings: readonly string[];
}

/**
 * The flush before the freeze writes out whatever is dirty, and is given up after this long: then nothing is frozen any
 * more.
 */
export const FLUSH_MS = 60_000;

/** One file system after the freeze. */
export interface FreezeState {
  readonly id: string;
  readonly mountPoint: string;
  /** `foreign`: somebody else had frozen it (EBUSY), so it is not ours to thaw. `hung`: FIFREEZE has not returned. */
  readonly state: 'frozen' | 'foreign' | 'failed' | 'hung';
  readonly error?: string;
}

export interface ThawReport {
  /** Empty when everything was frozen by us until this call, and is thawed. */
  readonly problems: readonly ThawProblem[];
  /** First FIFREEZE to last FITHAW; 0 when nothing was frozen. */
  readonly frozenMs: number;
  /** When the first file system was found or made writable again, on the monotonic clock. */
  readonly firstThawAtMs: number | undefined;
  readonly steps: readonly FreezeStep[];
}

export interface ThawProblem {
  /**
   * `early`: it was writable before we asked, so what was copied may be torn. `owed`: still frozen, somebody goes on
   * trying. `guard-died`: we thawed in its place.
   */
  readonly kind: 'early' | 'owed' | 'guard-died';
  /** When it became writable, where that is known; otherwise it may have been so from the beginning. */
  readonly atMs?: number;
  readonly mountPoint?: string;
  readonly message: string;
}

/** A line of the timeline: monotonic milliseconds of this machine, comparable between processes. */
export interface FreezeStep {
  readonly step: 'open' | 'arm' | 'flush' | 'expedite' | 'freeze' | 'thaw' | 'restore-expedite';
  readonly mountPoint?: string;
  readonly atMs: number;
  readonly tookMs: number;
  readonly error?: string;
}
