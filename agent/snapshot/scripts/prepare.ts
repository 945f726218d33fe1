import { readOwed } from '../../scripts/owed.ts';
import { runnable, scriptProblems } from '../../scripts/runnable.ts';
import type { OwedScript, Script, ScriptStage } from '../../scripts/script.ts';
import type { System } from '../../system/system.ts';
import type { LeaveOptions, Leaving, PrepareOptions, PreparePhase } from './contract.ts';
import { scriptFailure, together } from './failure.ts';
import { leaveOwed } from './leave.ts';
import { OVERTIME_MS, succeeded } from './run-script.ts';
import { runStage } from './run-stage.ts';

export function preparePhase(system: System, options: PrepareOptions): PreparePhase {
  const owed: OwedScript[] = [];
  const stop = new AbortController();
  let entering: Promise<void> = Promise.resolve();
  const leave = leaveOwed(system, owed, options);
  return {
    enterMs: timeFor(options.scripts, 'pre'),
    leaveMs: timeFor(options.scripts, 'post') + OVERTIME_MS,
    enter(signal) {
      entering = enterAll(system, owed, options, AbortSignal.any([signal, stop.signal]));
      return entering;
    },
    async leave(signal, how) {
      stop.abort(new Error('the snapshot is being left'));
      await entering.catch(() => undefined); // The caller of `enter` was told.
      await leave(signal, how);
    },
  };
}

/**
 * `leave` in place of a phase whose process died. `data` is what `record` was given last, as it came back from JSON;
 * what is not understood of it is thrown by `leave`, and owed no longer.
 */
export function fromOwed(system: System, data: unknown, options: LeaveOptions): Leaving {
  const { owed, problems } = readOwed(data);
  const scripts = owed.map(({ script }) => script);
  return { leaveMs: timeFor(scripts, 'post'), leave: leaveOwed(system, [...owed], options, problems) };
}

async function enterAll(
  system: System,
  owed: OwedScript[],
  options: PrepareOptions,
  signal: AbortSignal,
): Promise<void> {
  // All of them before the first one runs: an application whose post script is missing must not be held.
  const problem = together(await scriptProblems(system, options.scripts));
  if (problem !== undefined) throw problem;
  for (const script of options.scripts) {
    signal.throwIfAborted();
    const entry: OwedScript = { runId: options.runId, script };
    const argv = script.pre && (await runnable(system, script, 'pre'));
    if (script.post !== undefined) await owe(owed, entry, options.record);
    if (argv === undefined) continue;
    const result = await runStage(system, entry, 'pre', argv, { ...options, signal });
    if (result.ended === 'not-started') await disown(owed, entry, options.record);
    if (!succeeded(result)) throw scriptFailure(script, 'pre', result);
  }
}

/** A record that cannot be made means that nothing is done: we could not answer for it after a crash. */
async function owe(owed: OwedScript[], entry: OwedScript, record: PrepareOptions['record']): Promise<void> {
  await record([...owed, entry]);
  owed.push(entry);
}

async function disown(owed: OwedScript[], entry: OwedScript, record: PrepareOptions['record']): Promise<void> {
  if (owed.at(-1) !== entry) return;
  owed.pop();
  await record([...owed]);
}

const timeFor = (scripts: readonly Script[], stage: ScriptStage): number =>
  scripts
    .filter((script) => script[stage] !== undefined)
    .reduce((sum, { timeoutMs }) => sum + timeoutMs + OVERTIME_MS, 0);
