import { readFileSync } from 'node:fs';
import { errnoOf } from '../errors.ts';
import { parseStatus, statusPath } from '../reporters/status-file.ts';
import type { System } from '../system/system.ts';
import { type Health, healthOf } from './health.ts';

/**
 * Never throws: that nothing can be told is an answer too, with an exit code of its own. Reads without the thread pool,
 * whose start costs more than all the rest; the file lies in memory.
 */
export function healthNow(system: System): Health {
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
