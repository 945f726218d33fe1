import { globSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../../../dist/packages');

/** The package under test: what `npm run package:deb` has made, or the one that QUIESCED_VM_DEB names. */
export function packageFile(): string {
  const named = process.env.QUIESCED_VM_DEB;
  if (named) return named;
  const [found, ...more] = globSync(join(FOLDER, 'quiesced_*_amd64.deb'));
  if (found === undefined) throw new Error('there is no package to test: npm run package:deb');
  if (more.length > 0) throw new Error(`which one is to be tested? ${[found, ...more].join(', ')}: remove the others`);
  return found;
}
