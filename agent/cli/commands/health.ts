import { errnoOf } from '../../errors.ts';
import { type Health, healthOf } from '../../readiness/health.ts';
import { readStatus, statusPath } from '../../reporters/status-file.ts';
import type { System } from '../../system/system.ts';
import type { Command } from '../context.ts';

/** Loads next to nothing and reads one file: monitoring asks often, on busy machines. */
export const health: Command = async ({ system, json, print }) => {
  const answer = await lookUp(system);
  print(json ? `${JSON.stringify(answer, undefined, 2)}\n` : `${answer.summary}\n`);
  return answer.exitCode;
};

/** Never throws: that nothing can be told is an answer too, with an exit code of its own. */
async function lookUp(system: System): Promise<Health> {
  const path = statusPath(system.platform);
  const now = system.clock.now();
  try {
    return healthOf(await readStatus(system), `there is no ${path} yet; as root, run: quiesced check`, now);
  } catch (error) {
    const why = errnoOf(error) ?? 'it is damaged, or of another version';
    return healthOf(undefined, `${path} cannot be used (${why}); as root, run: quiesced check`, now);
  }
}
