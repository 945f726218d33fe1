/**
 * `npm run package:deb`: `dist/packages/quiesced_VERSION_ARCHITECTURE.deb`, in the folder that is given or in
 * `dist/packages`. The same commit makes the same bytes.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, sourceDate, versionOf } from '../repository.ts';
import { stage } from '../stage.ts';
import { type Architecture, TARGETS } from '../target.ts';
import { conffiles, control, md5sums } from './control.ts';

const SCRIPTS = ['postinst', 'prerm', 'postrm'];

export interface DebOptions {
  readonly architecture?: Architecture;
  /** Not zstd: Debian 11 could not unpack it. Without any it is made in seconds, for tests. */
  readonly compression?: 'xz' | 'none';
}

/** @returns the path of the package. */
export async function buildDeb(
  folder: string,
  { architecture = 'amd64', compression = 'xz' }: DebOptions = {},
): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const deb = join(folder, `quiesced_${versionOf()}_${architecture}.deb`);
  const root = mkdtempSync(join(tmpdir(), 'quiesced-deb-'));
  try {
    chmodSync(root, 0o755);
    await stage(root, TARGETS[architecture]);
    writeControl(root, architecture);
    const options = ['--root-owner-group', '--uniform-compression', `-Z${compression}`];
    execFileSync('dpkg-deb', [...options, '--build', root, deb], {
      env: { ...process.env, SOURCE_DATE_EPOCH: String(sourceDate()) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return deb;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function writeControl(root: string, architecture: Architecture): void {
  const texts = { control: control(architecture, root), conffiles: conffiles(), md5sums: md5sums(root) };
  const folder = join(root, 'DEBIAN');
  mkdirSync(folder);
  chmodSync(folder, 0o755);
  for (const [name, text] of Object.entries(texts)) {
    writeFileSync(join(folder, name), text);
    chmodSync(join(folder, name), 0o644);
  }
  for (const name of SCRIPTS) {
    copyFileSync(join(ROOT, 'packaging/deb', name), join(folder, name));
    chmodSync(join(folder, name), 0o755);
  }
}

if (import.meta.main) {
  process.stdout.write(`${await buildDeb(process.argv[2] ?? join(ROOT, 'dist/packages'))}\n`);
}
