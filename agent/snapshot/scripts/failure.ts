import { AZURE_CODES, type Script, ScriptError, type ScriptStage } from '../../scripts/script.ts';
import type { ScriptResult } from './run-script.ts';

/** As much of an output as an error shows: the last words, not the story. */
const SHOWN_LINES = 8;
const SHOWN_CHARS = 1000;

/** What to tell of a script that did not succeed. */
export function scriptFailure(script: Script, stage: ScriptStage, result: ScriptResult): ScriptError {
  const output = lastLines(result.output);
  const said = output === '' ? 'It printed nothing.' : `It printed at last:\n${output}`;
  const stuck =
    result.unkillable.length === 0
      ? ''
      : ` Processes that hang in the kernel could not be killed: ${result.unkillable.join(', ')}.`;
  const timedOut = result.ended === 'timed-out';
  return new ScriptError(
    timedOut ? 'script.timed-out' : 'script.failed',
    `the ${stage} script ${script.name} ${how(script, result)}${attempts(result)}.${stuck} ${said}`,
    {
      script: script.name,
      stage,
      output,
      required: script.required,
      ...(script[stage] === undefined ? {} : { file: script[stage].path }),
      ...(script.source === 'azure' ? { azureCode: AZURE_CODES[timedOut ? 'timeout' : 'failed'][stage] } : {}),
      remedy: timedOut
        ? 'Find out what it waited for, or allow it more time.'
        : `Run it by hand, as root, to see what it needs: ${[script[stage]?.path, ...(script[stage]?.args ?? [])].join(' ')}`,
    },
  );
}

/** What to tell when the post script runs beside processes of its pre script. */
export function stillThere(script: Script, pids: readonly number[]): ScriptError {
  const { path, args } = script.post ?? { path: '', args: [] };
  const what = `processes of the pre script ${script.name} hang in the kernel and could not be ended before its post script: ${pids.join(', ')}`;
  return new ScriptError('script.unkillable', what, {
    script: script.name,
    stage: 'pre',
    required: script.required,
    remedy: `Once they are gone, see whether the application is held again. If it is: ${[path, ...args].join(' ')}`,
  });
}

/** One error of several, in which each of them is told for itself. */
export function together(errors: readonly ScriptError[]): ScriptError | AggregateError | undefined {
  const [first, ...rest] = errors;
  if (first === undefined || rest.length === 0) return first;
  const names = new Set(errors.map(({ about }) => about.script ?? about.file ?? '?'));
  return new AggregateError(errors, `${errors.length} faults of scripts: ${[...names].join(', ')}`);
}

const how = ({ timeoutMs }: Script, { ended, exitCode, signal, reason }: ScriptResult): string => {
  if (ended === 'exited') return `ended with exit code ${exitCode}`;
  if (ended === 'signalled') return `was ended by ${signal}`;
  if (ended === 'not-started') return `could not be started (${reason})`;
  return `was killed after ${timeoutMs / 1000} s`;
};

const attempts = ({ attempts: count }: ScriptResult): string =>
  count === 1 ? '' : ` in the last of ${count} attempts`;

const lastLines = (output: string): string =>
  output.trimEnd().split('\n').slice(-SHOWN_LINES).join('\n').slice(-SHOWN_CHARS).trimStart();
