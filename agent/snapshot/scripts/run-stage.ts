import type { OwedScript, ScriptStage } from '../../scripts/script.ts';
import type { System } from '../../system/system.ts';
import type { HowItWent, LeaveOptions } from './contract.ts';
import { type RunScriptOptions, runScript, type ScriptResult, succeeded } from './run-script.ts';

export interface StageContext extends Omit<LeaveOptions, 'record'> {
  readonly signal: AbortSignal;
  /** Known to post commands only. */
  readonly how?: HowItWent;
  readonly onStart?: RunScriptOptions['onStart'];
}

/** Runs one command of a script with what it is told in its environment, logs it and reports it. */
export async function runStage(
  system: System,
  { runId, script }: OwedScript,
  stage: ScriptStage,
  argv: readonly string[],
  { signal, how, log, onRun, onStart }: StageContext,
): Promise<ScriptResult> {
  const fields = { script: script.name, stage };
  log?.info('running a script', { ...fields, path: script[stage]?.path });
  const result = await runScript(system, argv, {
    signal,
    onStart,
    timeoutMs: script.timeoutMs,
    retries: stage === 'pre' ? script.preRetries : script.postRetries,
    env: {
      QUIESCED_RUN_ID: runId,
      QUIESCED_PHASE: stage,
      ...(how === undefined ? {} : { QUIESCED_RESULT: how.result, QUIESCED_CONSISTENCY: how.consistency }),
      ...(how?.snapshot === undefined ? {} : { QUIESCED_SNAPSHOT: how.snapshot }),
    },
    onRetry: (failed) => log?.warn('a script failed and is run again', { ...fields, ...facts(failed) }),
  });
  const level = succeeded(result) ? 'info' : 'warn';
  log?.[level]('a script has ended', { ...fields, ...facts(result) });
  onRun?.(script, stage, result);
  return result;
}

const facts = ({ ended, exitCode, signal, attempts, tookMs }: ScriptResult) => ({
  ended,
  exitCode,
  signal,
  attempts,
  tookMs,
});
