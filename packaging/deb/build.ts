import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesOf } from '../files.ts';
import { sourceDate, versionOf } from '../repository.ts';
import { scriptText } from '../script.ts';
import { stage } from '../stage.ts';
import { type Architecture, type Compression, TARGETS } from '../target.ts';
import { conffiles, control, md5sums } from './control.ts';

/** Not zstd: Debian 11 could not unpack it. */
const METHODS: Readonly<Record<Compression, string>> = { best: 'xz', none: 'none' };
const SCRIPTS = ['postinst', 'prerm', 'postrm'];

/**
 * Makes `quiesced_VERSION_ARCHITECTURE.deb` in a folder. The same commit makes the same bytes.
 *
 * @returns the path of the package.
 */
export async function buildDeb(
  folder: string,
  architecture: Architecture,
  compression: Compression = 'best',
): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const deb = join(folder, `quiesced_${versionOf()}_${architecture}.deb`);
  const root = mkdtempSync(join(tmpdir(), 'quiesced-deb-'));
  try {
    chmodSync(root, 0o755);
    await stage(root, TARGETS[architecture], filesOf('deb'));
    writeControl(root, architecture);
    const options = ['--root-owner-group', '--uniform-compression', `-Z${METHODS[compression]}`];
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
    writeFileSync(join(folder, name), scriptText(`packaging/deb/${name}`));
    chmodSync(join(folder, name), 0o755);
  }
}
