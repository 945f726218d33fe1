import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { filesOf, type Landed, PROGRAM } from '../files.ts';
import { sourceDate, versionOf } from '../repository.ts';
import { scriptText } from '../script.ts';
import { stage } from '../stage.ts';
import { type Architecture, type Compression, TARGETS } from '../target.ts';

/** GNU tar(1) writes to its output what it packs. */
const MOST_BYTES = 1024 ** 3;

/**
 * Makes `quiesced-VERSION-linux-MACHINE.tar.gz` in a folder: what lands, and `install.sh`. gzip, because every machine
 * can unpack that. The same commit makes the same bytes.
 *
 * @returns the path of the archive.
 */
export async function buildTarball(
  folder: string,
  architecture: Architecture,
  compression: Compression = 'best',
): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const target = TARGETS[architecture];
  const name = `quiesced-${versionOf()}-linux-${target.machine}`;
  const top = mkdtempSync(join(tmpdir(), 'quiesced-tarball-'));
  try {
    const unpacked = join(top, name);
    mkdirSync(join(unpacked, 'files'), { recursive: true });
    await stage(join(unpacked, 'files'), target, filesOf('tarball'));
    write(unpacked, 'install.sh', scriptText('packaging/tarball/install.sh'), 0o755);
    write(unpacked, 'files.list', listOf(filesOf('tarball')), 0o644);
    write(unpacked, 'machine', `${target.machine}\n`, 0o644);
    for (const each of [unpacked, join(unpacked, 'files')]) chmodSync(each, 0o755);
    const archive = join(folder, `${name}.tar.gz`);
    writeFileSync(archive, gzipSync(packed(top, name), { level: compression === 'none' ? 0 : 9 }));
    return archive;
  } finally {
    rmSync(top, { recursive: true, force: true });
  }
}

function write(folder: string, name: string, text: string, mode: number): void {
  writeFileSync(join(folder, name), text);
  chmodSync(join(folder, name), mode);
}

/** What install.sh goes by: kind, mode and path of all but the program, which is one folder. */
const listOf = (files: readonly Landed[]): string =>
  files
    .filter(({ path }) => path !== PROGRAM && !path.startsWith(`${PROGRAM}/`))
    .map((file) => `${kindOf(file)} ${file.mode.toString(8).padStart(4, '0')} ${file.path}\n`)
    .join('');

function kindOf({ from, configuration }: Landed): string {
  if (configuration) return 'configuration';
  return 'folder' in from ? 'folder' : 'file';
}

const packed = (top: string, name: string): Buffer =>
  execFileSync(
    'tar',
    [
      // reproducible-builds.org/docs/archives
      ...['--sort=name', `--mtime=@${sourceDate()}`, '--owner=0', '--group=0', '--numeric-owner', '--format=gnu'],
      ...['-cf', '-', name],
    ],
    { cwd: top, maxBuffer: MOST_BYTES },
  );
