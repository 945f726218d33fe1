import { join } from 'node:path';
import { PATHS } from '../system/paths.ts';
import type { System } from '../system/system.ts';

/** Where the control API listens: a unix socket in a folder that only root may enter, or a named pipe. */
export const endpointOf = (system: System): string =>
  system.platform === 'windows' ? PATHS.windows.control : system.resolve(join(PATHS.linux.control, 'quiesced.sock'));

/** The folder of the socket; a pipe has none, and is closed to others by the server. */
export async function makeWayTo(system: System): Promise<void> {
  if (system.platform === 'linux') await system.makeDir(PATHS.linux.control, 0o700);
}
