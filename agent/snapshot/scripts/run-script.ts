import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { faultPoint } from '../../fault-point.ts';
import { redact } from '../../redact.ts';
import { startProgram } from '../../system/spawn.ts';
import type { System } from '../../system/system.ts';

/** From SIGTERM to SIGKILL. */
export const TERM_GRACE_MS = 2000;

/** What a script's end may take beyond its time limit: its grace, and the rounds of SIGKILL that follow. */
export const OVERTIME_MS = TERM_GRACE_MS + 2000;

/** A script that is not ready (a server that still starts) is rarely ready at once: upstream's poll waits 1 to 5 s. */
const RETRY_PAUSE_MS = 1000;

/** setTimeout takes what is longer for nothing at all. */
const LONGEST_MS = 2 ** 31 - 1;

export interface RunScriptOptions {
  /** For all attempts together. */
  readonly timeoutMs: number;
  readonly retries: number;
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /**
   * Awaited before each attempt starts, with the mark by which its processes are found (`endMarked`). When it rejects,
   * nothing is started.
   */
  readonly onStart?: ((mark: string) => Promise<void>) | undefined;
  readonly onRetry?: (result: ScriptResult) => void;
}

/** How the last attempt ended. Any exit code is the script's own: 124 says nothing about time. */
export interface ScriptResult {
  readonly ended: 'exited' | 'signalled' | 'timed-out' | 'not-started';
  readonly exitCode?: number;
  readonly signal?: string;
  /** Why it was not started, `ENOENT`. */
  readonly reason?: string;
  /** Both outputs as they came, the first and the last 32 KiB, without secrets and control characters. */
  readonly output: string;
  readonly tookMs: number;
  readonly attempts: number;
  /** Processes that hang in the kernel and could not be killed. They are abandoned. */
  readonly unkillable: readonly number[];
}

export const succeeded = (result: ScriptResult): boolean => result.ended === 'exited' && result.exitCode === 0;

/**
 * Runs a script until it succeeds, its retries are used up or its time is. Each retry is a new run of the whole
 * script. At the time limit the script and everybody it started is killed; children that outlive a script that ended
 * by itself are left alone, for it may well have been its job to start them. Settles `OVERTIME_MS` after the limit at
 * the latest, also when a process cannot be killed. Rejects with the signal's reason, once all are dead, when that is
 * aborted.
 */
export async function runScript(
  system: System,
  argv: readonly string[],
  options: RunScriptOptions,
): Promise<ScriptResult> {
  const startedMs = system.clock.monotonicMs();
  const passedMs = () => system.clock.monotonicMs() - startedMs;
  for (let attempts = 1; ; attempts += 1) {
    options.signal.throwIfAborted();
    const attempt = await runOnce(system, argv, options.timeoutMs - passedMs(), options);
    const result: ScriptResult = { ...attempt, tookMs: Math.round(passedMs()), attempts };
    const repeatable = result.ended === 'exited' || result.ended === 'signalled';
    if (succeeded(result) || !repeatable || attempts > options.retries) return result;
    if (passedMs() + RETRY_PAUSE_MS >= options.timeoutMs) return result;
    options.onRetry?.(result);
    await sleep(RETRY_PAUSE_MS, undefined, { signal: options.signal }).catch(() => options.signal.throwIfAborted());
  }
}

type Attempt = Omit<ScriptResult, 'tookMs' | 'attempts'>;

async function runOnce(
  system: System,
  argv: readonly string[],
  leftMs: number,
  { env, signal, onStart }: RunScriptOptions,
): Promise<Attempt> {
  const mark = randomUUID();
  await onStart?.(mark);
  await faultPoint('script.start.before');
  const program = await startProgram(system, argv, { env, mark });
  await faultPoint('script.start.after');
  const end = await orUndefined(program.ended, leftMs, signal);
  if (end !== undefined) return { ...end, output: readable(program.output()), unkillable: [] };
  await faultPoint('script.kill.before');
  const unkillable = await program.killAll(TERM_GRACE_MS);
  await faultPoint('script.kill.after');
  signal.throwIfAborted();
  return { ended: 'timed-out', output: readable(program.output()), unkillable };
}

/** Undefined when it takes longer, or the signal is aborted before. */
async function orUndefined<T>(wanted: Promise<T>, ms: number, signal: AbortSignal): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const end = () => resolve(undefined);
  const timer = setTimeout(end, Math.min(ms, LONGEST_MS));
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    return await Promise.race([wanted, promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}

/** Escape sequences could rewrite the terminal on which an administrator reads them. */
const readable = (output: string): string =>
  redact(output.replaceAll('\r\n', '\n')).replace(/[^\P{Cc}\n\t]/gu, '\uFFFD');
