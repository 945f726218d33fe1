/** Installs Wine, what makes the MSI, and the servers that are held, where that is allowed. None of them is started. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { installQuietly } from '../quiet-install.ts';
import { WINE } from './machine.ts';

const missing = [
  ...(existsSync(WINE) ? [] : ['wine', 'wine64']),
  ...['wixl', 'msitools'].filter((name) => spawnSync(name === 'msitools' ? 'msibuild' : name, ['--version']).error),
];
if (missing.length > 0) {
  if (process.env.CI === '1' || process.env.QUIESCED_TEST_INSTALL === '1') await installQuietly(missing);
  else process.stderr.write(`not installed, and not without CI=1 or QUIESCED_TEST_INSTALL=1: ${missing.join(' ')}\n`);
}
execFileSync('sh', [join(import.meta.dirname, '../databases/setup.sh')], { stdio: 'inherit' });
