import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { installQuietly } from '../../quiet-install.ts';

/** Program and the package of Debian that has it. */
const TOOLS = {
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  mmdebstrap: 'mmdebstrap',
  mke2fs: 'e2fsprogs',
  gcc: 'gcc',
  setpriv: 'util-linux',
  flock: 'util-linux',
} as const;

const missing = (): readonly string[] =>
  Object.entries(TOOLS)
    .filter(([program]) => !['/usr/bin', '/usr/sbin', '/bin', '/sbin'].some((bin) => existsSync(join(bin, program))))
    .map(([, name]) => name);

/** Why there can be no machine here; false when there can. */
export function whyNot(): string | false {
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) return 'needs root on Linux';
  const names = missing();
  if (names.length === 0) return false;
  return `not installed: ${names.join(', ')}. QUIESCED_TEST_INSTALL=1 lets npm run test:vm install them`;
}

/** Installs what is missing, where `CI=1` or `QUIESCED_TEST_INSTALL=1` allows it. Starts no service. */
export async function installTools(say: (line: string) => void): Promise<void> {
  const allowed = process.env.CI === '1' || process.env.QUIESCED_TEST_INSTALL === '1';
  const names = missing();
  if (names.length === 0 || !allowed || process.geteuid?.() !== 0) return;
  say(`installing ${names.join(', ')}`);
  await installQuietly([...new Set(names), 'libc6-dev']);
}
