import type { Log } from '../log.ts';
import type { PlannedScripts } from '../scripts/planned.ts';
import type { System } from '../system/system.ts';
import type { Evidence } from './outcome.ts';
import type { HowItWent, Phase, Timeline } from './phases.ts';
import { fromOwed, type PreparePhase as PreparedScripts, preparePhase } from './scripts.ts';

export interface PreparePhaseOptions {
  readonly system: System;
  readonly log: Log;
  readonly planned: PlannedScripts;
  readonly required: boolean;
  readonly runId: string;
  readonly timeline: Timeline;
  /** Whether there is anything to freeze: hooks are told whether it was held. */
  readonly freezes: boolean;
  /** Records the post scripts that are owed; durable when it returns. */
  readonly owe: (what: unknown) => Promise<void>;
}

/** Beyond the scripts' own limits, for killing what does not end and for writing the records. */
const SLACK_MS = 10_000;

/** The pre and post scripts, as the first phase: entered first, left last. */
export class PreparePhase implements Phase {
  readonly name = 'prepare';
  readonly required: boolean;
  readonly enterMs: number;
  readonly leaveMs: number;
  readonly lost = undefined;
  readonly #options: PreparePhaseOptions;
  readonly #scripts: PreparedScripts;
  #entered = false;

  constructor(options: PreparePhaseOptions) {
    const { system, log, planned, runId, owe, timeline } = options;
    this.#options = options;
    this.required = options.required || planned.required;
    this.#scripts = preparePhase(system, {
      runId,
      log,
      scripts: planned.scripts,
      record: (owed) => owe(owed.length === 0 ? undefined : owed),
      onRun: ({ name }, stage, { tookMs }) =>
        timeline.add('prepare', [{ step: `${stage} ${name}`, atMs: system.clock.monotonicMs() - tookMs, tookMs }]),
    });
    this.enterMs = this.#scripts.enterMs + SLACK_MS;
    this.leaveMs = this.#scripts.leaveMs + SLACK_MS;
  }

  /** All that a script can prove is that it ended with 0; post scripts alone hold nothing. */
  get evidence(): Evidence['applications'] {
    const { scripts, problems } = this.#options.planned;
    if (problems.length > 0) return 'failed';
    if (!scripts.some(({ pre }) => pre !== undefined)) return 'none';
    return this.#entered ? 'script-only' : 'failed';
  }

  async ready(): Promise<void> {}

  async enter(signal: AbortSignal): Promise<void> {
    const { problems } = this.#options.planned;
    if (problems.length > 0 && this.required) throw new AggregateError(problems);
    await this.#scripts.enter(signal);
    this.#entered = true;
    if (problems.length > 0) throw new AggregateError(problems, 'a file that names scripts is at fault');
  }

  async leave({ consistency, froze, ...snapshot }: HowItWent, signal: AbortSignal): Promise<void> {
    await this.#scripts.leave(signal, {
      result: consistency === 'none' ? 'failed' : 'success',
      consistency,
      freeze: froze || !this.#options.freezes ? 'held' : 'failed',
      ...snapshot,
    });
  }
}

/** Runs the post scripts that a dead process owes, and tells them so. */
export async function leaveOwedScripts(
  system: System,
  log: Log,
  data: unknown,
  owe: (what: unknown) => Promise<void>,
): Promise<void> {
  const owed = fromOwed(system, data, { log, record: (rest) => owe(rest.length === 0 ? undefined : rest) });
  const how = { result: 'interrupted', consistency: 'none', freeze: 'failed' } as const;
  await owed.leave(AbortSignal.timeout(owed.leaveMs + SLACK_MS), how);
}
