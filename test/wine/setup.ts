/** Installs Wine, where that is allowed. It brings no service. */
import { existsSync } from 'node:fs';
import { installQuietly } from '../quiet-install.ts';
import { WINE } from './machine.ts';

if (!existsSync(WINE)) {
  if (process.env.CI === '1' || process.env.QUIESCED_TEST_INSTALL === '1') await installQuietly(['wine', 'wine64']);
  else process.stderr.write('Wine is not installed, and is not without CI=1 or QUIESCED_TEST_INSTALL=1\n');
}
