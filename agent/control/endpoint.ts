import { join } from 'node:path';
import { PATHS } from '../system/paths.ts';
import type { System } from '../system/system.ts';

/** Where the control API listens: a unix socket in a folder that only root may enter, or a named pipe. */
export const endpointOf = (system: System): string =>
  system.platform === 'windows' ? PATHS.windows.control : system.resolve(join(PATHS.linux.control, 'quiesced.sock'));
