import { readFileSync, writeSync } from 'node:fs';
import { errnoOf } from '../errors.ts';
import { type Health, healthOf } from '../readiness/health.ts';
import { parseStatus, statusPath } from '../reporters/status-file.ts';
import { localSystem } from '../system/local.ts';
import type { System } from '../system/system.ts';

/**
 * `--health` and nothing else, or undefined when there is more on the command line. Monitoring asks often, on busy
 * machines: this does without the parts of the program, of which the loading alone takes as long as starting Node.
 */
export function quickHealth(argv: readonly string[]): number | undefined {
  const line = argv.join(' ');
  if (line !== '--health' && line !== '--health --json') return undefined;
  const health = lookUpHealth(localSystem());
  const text = renderHealth(health, line !== '--health');
  try {
    // `process.stdout` loads a part of Node that a single line does not need.
    writeSync(1, text);
  } catch {
    // Nobody reads it any more, or a pipe that is full: the exit code says it too.
  }
  return health.exitCode;
}

/**
 * Never throws: that nothing can be told is an answer too, with an exit code of its own. Reads without the thread pool,
 * whose start costs more than all the rest; the file lies in memory.
 */
export function lookUpHealth(system: System): Health {
  const path = statusPath(system.platform);
  const now = system.clock.now();
  try {
    return healthOf(parseStatus(readFileSync(system.resolve(path), 'utf8')), '', now);
  } catch (error) {
    return healthOf(undefined, `${whyNone(path, errnoOf(error))}; as root, run: quiesced check`, now);
  }
}

const whyNone = (path: string, errno: string | undefined): string =>
  errno === 'ENOENT'
    ? `there is no ${path} yet`
    : `${path} cannot be used (${errno ?? 'it is damaged, or of another version'})`;

export const renderHealth = (health: Health, json: boolean): string =>
  json ? `${JSON.stringify(health, undefined, 2)}\n` : `${health.summary}\n`;
