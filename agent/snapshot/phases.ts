import type { FreezeStep } from '../freezer/freezer.ts';

export type PhaseName = 'prepare' | 'quiesce' | 'freeze';

/**
 * A state the machine is put into for the snapshot, and must be brought back from: `prepare` (pre/post scripts),
 * `quiesce` (applications), `freeze` (file systems).
 */
export interface Phase {
  readonly name: PhaseName;
  /** Whether to give the snapshot up when this phase cannot be entered, or to take a lesser one. */
  readonly required: boolean;
  readonly enterMs: number;
  readonly leaveMs: number;
  /** Aborted when what was entered does not hold any more: nothing further is worth doing but leaving. */
  readonly lost: AbortSignal | undefined;
  /** Opens and checks all that it needs, touching nothing. A throw refuses the whole run: nothing has happened yet. */
  ready(signal: AbortSignal): Promise<void>;
  /** Asked after the scripts, where it matters: what was made ready before them may have to be made ready again. */
  renew?(signal: AbortSignal): Promise<void>;
  /** What it does is recorded durably before its first effect, if it could outlive this process. */
  enter(signal: AbortSignal): Promise<void>;
  /**
   * Safe to call whether `enter` finished, failed halfway, or is still running. Throws what could not be undone, or
   * what turned out not to have been held; either way everything else of it has been undone.
   */
  leave(how: HowItWent, signal: AbortSignal): Promise<void>;
  /** After it was left: makes it ready to be entered once more, for a snapshot that was missed. Absent: never. */
  again?(signal: AbortSignal): Promise<void>;
}

/** What a phase is told when it is left. */
export interface HowItWent {
  /** The level that is reached as far as can be told now; `none` without a snapshot. */
  readonly consistency: Consistency;
  /** Whether every file system was frozen when the snapshot was taken. */
  readonly froze: boolean;
  /** What names the snapshot to whoever restores it, where there is one that has a name. */
  readonly snapshot?: string;
}

export type Consistency = 'application' | 'file-system' | 'crash' | 'none';

/** Something that did not go as it should; the list of them is what makes a snapshot a lesser one. */
export interface Fault {
  readonly phase: PhaseName | 'take' | 'run';
  readonly during: 'ready' | 'enter' | 'take' | 'verify' | 'leave' | 'recover';
  readonly message: string;
  /** `script.timed-out`, where the kind of fault has one. For programs, which must not read the message. */
  readonly code?: string;
  readonly remedy?: string;
  readonly mountPoint?: string;
}

/** One line of the timeline; milliseconds from the beginning of the run. */
export interface TimelineStep {
  readonly atMs: number;
  readonly tookMs: number;
  readonly phase: PhaseName | 'take';
  readonly step: string;
  readonly mountPoint?: string;
  readonly error?: string;
}

/** Collects the timeline of a run, from this process and the guard: both read the same monotonic clock. */
export class Timeline {
  readonly #startMs: number;
  readonly #steps: TimelineStep[] = [];

  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  add(phase: TimelineStep['phase'], steps: readonly (Omit<FreezeStep, 'step'> & { readonly step: string })[]): void {
    for (const step of steps) this.#steps.push({ ...step, phase, atMs: step.atMs - this.#startMs });
  }

  get steps(): readonly TimelineStep[] {
    return this.#steps.toSorted((a, b) => a.atMs - b.atMs);
  }
}

/** A fault of one file system. */
export class MountError extends Error {
  readonly mountPoint: string;
  readonly code: string | undefined;
  constructor(mountPoint: string, message: string, code?: string) {
    super(message);
    this.mountPoint = mountPoint;
    this.code = code;
  }
}

/** A hold that was found, after the thaw, not to have lasted. */
export class VerifyError extends Error {}
