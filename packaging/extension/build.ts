/**
 * `npm run package:extension`: `Quiesced.BackupLinux_VERSION.zip` and `Quiesced.BackupWindows_VERSION.zip`, in the folder
 * that is given or in `dist/packages`. They carry their own runtime. The same commit makes the same bytes.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { Platform } from '../../agent/system/system.ts';
import { extensionName, extensionVersion } from '../../extensions/azure/identity.ts';
import { EXTENSION_FILES, type Landed, WINDOWS_EXTENSION_FILES } from '../files.ts';
import { ROOT, sourceDate } from '../repository.ts';
import { stage } from '../stage.ts';
import { TARGETS, type Target, WINDOWS } from '../target.ts';
import { zip } from './zip.ts';

const FOR: Readonly<Record<Platform, { readonly target: Target; readonly files: readonly Landed[] }>> = {
  linux: { target: TARGETS.amd64, files: EXTENSION_FILES },
  windows: { target: WINDOWS, files: WINDOWS_EXTENSION_FILES },
};

/**
 * Returns where it is.
 *
 * @param files for tests, in the place of what is released.
 */
export async function buildExtension(
  folder: string,
  platform: Platform = 'linux',
  files: readonly Landed[] = FOR[platform].files,
): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'quiesced-extension-'));
  const file = join(folder, `${extensionName(platform)}_${extensionVersion()}.zip`);
  mkdirSync(folder, { recursive: true });
  try {
    await stage(root, FOR[platform].target, files);
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
  const folder = process.argv[2] ?? join(ROOT, 'dist/packages');
  for (const platform of ['linux', 'windows'] as const) {
    process.stdout.write(`${await buildExtension(folder, platform)}\n`);
  }
}
