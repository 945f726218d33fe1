import { faultPoint } from '../../fault-point.ts';
import { readOwed } from '../../scripts/owed.ts';
import { runnable, scriptProblems } from '../../scripts/runnable.ts';
import type { OwedScript, Script, ScriptStage } from '../../scripts/script.ts';
import type { System } from '../../system/system.ts';
import type { LeaveOptions, Leaving, PrepareOptions, PreparePhase } from './contract.ts';
import { scriptFailure, together } from './failure.ts';
import { leaveOwed, recorded } from './leave.ts';
import { OVERTIME_MS, succeeded } from './run-script.ts';
import { runStage } from './run-stage.ts';

export function preparePhase(system: System, options: PrepareOptions): PreparePhase {
  const owed: OwedScript[] = [];
  const stop = new AbortController();
  let entering: Promise<void> = Promise.resolve();
  const leave = leaveOwed(system, owed, options);
  return {
    enterMs: timeFor(options.scripts, 'pre'),
    // For an `enter` that is still going on, and once more for what hangs of it.
    leaveMs: timeFor(options.scripts, 'post') + 2 * OVERTIME_MS,
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
  const leaveMs = timeFor(scripts, 'post') + OVERTIME_MS; // For a pre command that is still running.
  return { leaveMs, leave: leaveOwed(system, [...owed], options, problems) };
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
    await enterOne(system, owed, script, options, signal);
  }
}

async function enterOne(
  system: System,
  owed: OwedScript[],
  script: Script,
  options: PrepareOptions,
  signal: AbortSignal,
): Promise<void> {
  const entry: OwedScript = { runId: options.runId, script };
  const argv = script.pre && (await runnable(system, script, 'pre'));
  const others = [...owed];
  const set = (...mine: readonly OwedScript[]) => owed.splice(others.length, 1, ...mine);
  // A record that cannot be made means that nothing is done: we could not answer for it after a crash.
  const owe = async (mine: OwedScript) => {
    if (script.post === undefined) return;
    await options.record([...others, mine]);
    set(mine);
  };
  if (argv === undefined) return owe(entry);
  const onStart = (mark: string) => owe({ ...entry, mark });
  await faultPoint('pre-script.run.before');
  const result = await runStage(system, entry, 'pre', argv, { ...options, signal, onStart });
  await faultPoint('pre-script.run.after');
  const failures = succeeded(result) ? [] : [scriptFailure(script, 'pre', result)];
  // The mark stays where some of them hang in the kernel: they may come back until the post command runs.
  if (script.post !== undefined && result.unkillable.length === 0) {
    set(...(result.ended === 'not-started' ? [] : [entry]));
    failures.push(...(await recorded(owed, options)));
  }
  const failure = together(failures);
  if (failure !== undefined) throw failure;
}

const timeFor = (scripts: readonly Script[], stage: ScriptStage): number =>
  scripts
    .filter((script) => script[stage] !== undefined)
    .reduce((sum, { timeoutMs }) => sum + timeoutMs + OVERTIME_MS, 0);
