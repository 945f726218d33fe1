import { spawn } from 'node:child_process';
import type { CheckRequest } from '../control/protocol.ts';
import { messageOf, UserError } from '../errors.ts';
import { atEaseWithOomKiller } from '../system/oom.ts';
import { withoutServiceManager } from '../system/service-manager.ts';
import type { System } from '../system/system.ts';

/** Every check has a deadline of its own, and they run at once: what takes longer hangs. */
const LIMIT_MS = 120_000;
const MAX_REPORT_BYTES = 4 * 1024 * 1024;

/**
 * The checks, in a process of their own: what they load, and a probe that the kernel never gives back, goes with it,
 * and the daemon stays small. Returns what `check --json` prints.
 */
export async function checkInProcess(
  system: System,
  self: readonly string[],
  request: CheckRequest,
  signal: AbortSignal,
): Promise<unknown> {
  const flags = Object.entries(request).flatMap(([flag, values]) =>
    values.map((value: string) => `--${flag}=${value}`),
  );
  const [file = '', ...args] = [...self, 'check', '--json', ...flags];
  const child = spawn(file, args, {
    cwd: '/',
    env: withoutServiceManager(system.env),
    stdio: ['ignore', 'pipe', 'ignore'],
    windowsHide: true,
    signal: AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]),
    killSignal: 'SIGKILL',
  });
  if (child.pid !== undefined) atEaseWithOomKiller(child.pid);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if (text.length > MAX_REPORT_BYTES) child.kill('SIGKILL');
  });
  child.once('error', reject).once('close', () => resolve(text));
  try {
    return reportOf(await promise);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError('check.broken', `the checks did not come to an end: ${messageOf(error)}`, {
      remedy: 'See where they stop: quiesced check',
      cause: error,
    });
  }
}

function reportOf(text: string): unknown {
  const report = JSON.parse(text);
  if (report?.error === undefined) return report;
  const { code, message, remedy } = report.error;
  throw new UserError(code, message, remedy === undefined ? {} : { remedy });
}
