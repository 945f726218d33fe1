import { errnoOf } from '../errors.ts';
import type { RunOptions, RunResult } from './system.ts';
import { hearing, orUndefinedAfter } from './waits.ts';

const MAX_OUTPUT_BYTES = 1024 * 1024;

/** What a program killed at its deadline gets to disappear in, before it is abandoned. */
const KILL_GRACE_MS = 250;

/** Programs get this and what the caller adds: never our own environment, which may hold a proxy password. */
export const CLEAN_ENV = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
} as const;

/**
 * Runs a program to its end through execa, which is loaded on first use: the idle agent does without it. Settles
 * shortly after the deadline whatever happens: a program that hangs in the kernel, or one whose child keeps the
 * output open, is abandoned and no longer keeps this process alive.
 */
export async function runProgram(
  argv: readonly string[],
  options: RunOptions,
  baseEnv: Readonly<Record<string, string>> = CLEAN_ENV,
): Promise<RunResult> {
  const [file, ...args] = argv;
  if (file === undefined) throw new Error('an empty argv cannot be run');
  const { execa } = await import('execa');
  const program = execa(file, args, {
    reject: false,
    extendEnv: false,
    // Ours may be gone, or lie on what is about to be frozen.
    cwd: '/',
    env: { ...baseEnv, ...options.env },
    timeout: options.timeoutMs,
    killSignal: 'SIGKILL',
    // It is killed already; waiting for more would only keep this process alive.
    forceKillAfterDelay: false,
    maxBuffer: MAX_OUTPUT_BYTES,
    stripFinalNewline: false,
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
  });
  const result =
    (await orUndefinedAfter(options.timeoutMs, program)) ?? (await Promise.race([program, hearing(KILL_GRACE_MS)]));
  if (result === undefined) {
    for (const stream of [program.stdin, program.stdout, program.stderr]) stream?.destroy();
    program.nodeChildProcess.unref();
    return { ended: 'timed-out', exitCode: undefined, stdout: '', stderr: '' };
  }
  return {
    ended: howItEnded(result),
    exitCode: result.exitCode,
    stdout: String(result.stdout ?? ''),
    stderr: String(result.stderr ?? ''),
  };
}

const howItEnded = (result: {
  timedOut: boolean;
  exitCode?: number | undefined;
  signal?: string | undefined;
  cause?: unknown;
}): RunResult['ended'] => {
  if (result.timedOut) return 'timed-out';
  if (result.exitCode !== undefined) return 'exited';
  if (result.signal !== undefined) return 'signalled';
  return errnoOf(result.cause) === 'ENOENT' ? 'not-found' : 'not-started';
};
