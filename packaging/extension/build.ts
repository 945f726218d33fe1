/**
 * `npm run package:extension`: `dist/packages/Quiesced.BackupLinux_VERSION.zip`, in the folder that is given or in
 * `dist/packages`. It carries its own runtime. The same commit makes the same bytes.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { extensionName, extensionVersion } from '../../extensions/azure/identity.ts';
import { EXTENSION_FILES } from '../files.ts';
import { ROOT, sourceDate } from '../repository.ts';
import { stage } from '../stage.ts';
import { TARGETS } from '../target.ts';
import { zip } from './zip.ts';

/** Returns where it is. */
export async function buildExtension(folder: string): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'quiesced-extension-'));
  const file = join(folder, `${extensionName()}_${extensionVersion()}.zip`);
  mkdirSync(folder, { recursive: true });
  try {
    await stage(root, TARGETS.amd64, EXTENSION_FILES);
    const entries = filesIn(root).map((path) => ({
      name: relative(root, path),
      bytes: readFileSync(path),
      mode: statSync(path).mode & 0o777,
    }));
    writeFileSync(file, zip(entries, sourceDate()));
    return file;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();

if (import.meta.main) {
  process.stdout.write(`${await buildExtension(process.argv[2] ?? join(ROOT, 'dist/packages'))}\n`);
}
