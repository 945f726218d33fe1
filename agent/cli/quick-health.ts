import { writeSync } from 'node:fs';
import type { Health } from '../readiness/health.ts';
import { healthNow } from '../readiness/health-now.ts';
import { localSystem } from '../system/local.ts';

/**
 * `--health` and nothing else, or undefined when there is more on the command line. Monitoring asks often, on busy
 * machines: this does without the parts of the program, of which the loading alone takes as long as starting Node.
 */
export function quickHealth(argv: readonly string[]): number | undefined {
  const line = argv.join(' ');
  if (line !== '--health' && line !== '--health --json') return undefined;
  const health = healthNow(localSystem());
  const text = renderHealth(health, line !== '--health');
  try {
    // `process.stdout` loads a part of Node that a single line does not need.
    writeSync(1, text);
  } catch {
    // Nobody reads it any more, or a pipe that is full: the exit code says it too.
  }
  return health.exitCode;
}

export const renderHealth = (health: Health, json: boolean): string =>
  json ? `${JSON.stringify(health, undefined, 2)}\n` : `${health.summary}\n`;
