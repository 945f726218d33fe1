import type { Log } from '../../log.ts';
import type { OwedScript, Script, ScriptStage } from '../../scripts/script.ts';
import type { ScriptResult } from './run-script.ts';

/** How the snapshot went, for those who have to clean up after it. */
export interface HowItWent {
  /** `interrupted`: we died in between, and do not know. */
  readonly result: 'success' | 'failed' | 'interrupted';
  /** The level that was really reached. */
  readonly consistency: string;
  /** `held` also where no freeze was wanted. Hooks get `thaw` then, else `freeze-failed`. */
  readonly freeze: 'held' | 'failed';
  /** Its name, where it has one. */
  readonly snapshot?: string;
}

export interface LeaveOptions {
  /**
   * Makes what is owed now durable, in place of what it was before: `fromOwed` gets it back after a crash. Awaited
   * before a pre command starts (each attempt), after it has ended, and after a post command has ended: a crash in
   * between may run a post command whose pre command never ran, or run one again, but never leaves one out.
   */
  readonly record: (owed: readonly OwedScript[]) => void | Promise<void>;
  readonly log?: Log;
  /** Each command that was run, with its output, for whoever reports. */
  readonly onRun?: (script: Script, stage: ScriptStage, result: ScriptResult) => void;
}

export interface PrepareOptions extends LeaveOptions {
  readonly runId: string;
  /** In the order in which their pre commands run. */
  readonly scripts: readonly Script[];
}

/** The pre and post scripts, as the phase that is entered first and left last. */
export interface PreparePhase extends Leaving {
  readonly enterMs: number;
  /**
   * Checks every command, then runs the pre commands in order. The first failure is thrown, as a `ScriptError` (several
   * as an AggregateError of them), and nothing is started after it; what was run must still be left. When `signal` is
   * aborted the running command is killed first.
   */
  enter(signal: AbortSignal): Promise<void>;
}

export interface Leaving {
  readonly leaveMs: number;
  /**
   * Runs the post commands of all whose pre command was started, and of those that have none and were reached, last
   * first. One failure does not keep the others; in the end it is thrown as a `ScriptError`, several as an
   * AggregateError of them. Ends an `enter` that is still going on, and what still runs of a pre command that had not
   * ended when our process died; whom a pre command left running when it ended is left alone.
   *
   * Post commands run at least once: one that was running when we were killed runs again, from its start, maybe while
   * the first run goes on. They must be written for that. Otherwise safe more than once: a post command that has run to its end, or to its time limit, is owed no
   * longer, whatever came of it: it had its retries, and the same command in another state of the application may do
   * harm. So is one that is gone or may not run any more: the error says what to run by hand. What an abort of
   * `signal` or an unforeseen error (`script.broke`) cuts short stays owed and is run again, because half a resume leaves
   * an application held.
   */
  leave(signal: AbortSignal, how: HowItWent): Promise<void>;
}
