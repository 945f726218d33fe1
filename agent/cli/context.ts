import type { Agent } from '../daemon.ts';
import type { Log } from '../log.ts';
import type { System } from '../system/system.ts';
import type { Given } from './flags.ts';

/** What a command gets. It returns its exit code; what it throws is printed by the entrance. */
export interface CommandContext {
  readonly given: Given;
  readonly system: System;
  readonly log: Log;
  /** How this program is started again: `[node, main.ts]`. */
  readonly self: readonly string[];
  /** Aborted by Ctrl-C, SIGTERM and a terminal that hangs up: let go of everything, then end. */
  readonly signal: AbortSignal;
  readonly json: boolean;
  /** 80, or the width of the terminal if that is less. */
  readonly width: number;
  readonly colour: boolean;
  /** Loads the configuration on first use, so that commands which need none work with a broken one. */
  agent(): Promise<Agent>;
  /**
   * The same, but a configuration that is wrong is told and passed over: to thaw and recover is more important.
   *
   * @param log for a process whose stderr nobody reads.
   */
  agentInAnyCase(log?: Log): Promise<Agent>;
  print(text: string): void;
  /** To stderr: what must not disturb the output. */
  note(text: string): void;
  /** A line on stderr that the next one replaces, and the last one (empty) clears; nothing where there is no terminal. */
  progress(text: string): void;
  /** Whether somebody reads stderr at a terminal. */
  readonly attended: boolean;
  /** Asks a yes-or-no question at the terminal; `false` where there is none. */
  confirm(question: string): Promise<boolean>;
}

export type Command = (context: CommandContext) => Promise<number>;
