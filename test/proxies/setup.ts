/** Installs the proxies that these tests start, where that is allowed, without their services. */
import { existsSync } from 'node:fs';
import { installQuietly } from '../quiet-install.ts';
import { SQUID, TINYPROXY } from './servers.ts';

const missing = [...(existsSync(SQUID) ? [] : ['squid-openssl']), ...(existsSync(TINYPROXY) ? [] : ['tinyproxy-bin'])];
if (missing.length > 0) {
  if (process.env.CI === '1' || process.env.QUIESCED_TEST_INSTALL === '1') await installQuietly(missing);
  else {
    const words = missing.join(' ');
    process.stderr.write(`not found, and not installed without CI=1 or QUIESCED_TEST_INSTALL=1: ${words}\n`);
  }
}
