import { writeSync } from 'node:fs';
import { errnoOf } from '../errors.ts';
import { type Health, healthOf } from '../readiness/health.ts';
import { readStatus, statusPath } from '../reporters/status-file.ts';
import { localSystem } from '../system/local.ts';
import type { System } from '../system/system.ts';

/**
 * `--health` and nothing else, or undefined when there is more on the command line. Monitoring asks often, on busy
 * machines: this does without the parts of the program, of which the loading alone takes as long as starting Node.
 */
export async function quickHealth(argv: readonly string[]): Promise<number | undefined> {
  const line = argv.join(' ');
  if (line !== '--health' && line !== '--health --json') return undefined;
  const health = await lookUpHealth(localSystem());
  const text = renderHealth(health, line !== '--health');
  try {
    // `process.stdout` loads a part of Node that a single line does not need.
    writeSync(1, text);
  } catch {
    // Nobody reads it any more, or a pipe that is full: the exit code says it too.
  }
  return health.exitCode;
}

/** Never throws: that nothing can be told is an answer too, with an exit code of its own. */
export async function lookUpHealth(system: System): Promise<Health> {
  const path = statusPath(system.platform);
  const now = system.clock.now();
  try {
    return healthOf(await readStatus(system), `there is no ${path} yet; as root, run: quiesced check`, now);
  } catch (error) {
    const why = errnoOf(error) ?? 'it is damaged, or of another version';
    return healthOf(undefined, `${path} cannot be used (${why}); as root, run: quiesced check`, now);
  }
}

export const renderHealth = (health: Health, json: boolean): string =>
  json ? `${JSON.stringify(health, undefined, 2)}\n` : `${health.summary}\n`;
