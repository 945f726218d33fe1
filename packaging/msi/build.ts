import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Landed, MSI_FILES } from '../files.ts';
import { ROOT, sourceDate, versionOf } from '../repository.ts';
import { filesBelow, stage } from '../stage.ts';
import { WINDOWS } from '../target.ts';
import { uuidOf } from '../uuid.ts';
import { TABLES } from './tables.ts';
import { versionsOf } from './versions.ts';
import { wxs } from './wxs.ts';

/** What tests put in the place of what is released. */
export interface MsiContents {
  readonly version: string;
  readonly files: readonly Landed[];
}

/**
 * Makes `quiesced-VERSION-x64.msi` in a folder, by wixl(1) and msibuild(1) of msitools. The same commit makes the same
 * contents.
 *
 * @returns the path of the package.
 */
export async function buildMsi(
  folder: string,
  { version, files }: MsiContents = { version: versionOf(), files: MSI_FILES },
): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const msi = join(folder, `quiesced-${version}-x64.msi`);
  const top = mkdtempSync(join(tmpdir(), 'quiesced-msi-'));
  try {
    const root = join(top, 'files');
    await stage(root, WINDOWS, files);
    const paths = filesBelow(root);
    for (const path of paths) utimesSync(join(root, path), sourceDate(), sourceDate());
    const source = wxs({ version, root: 'files', files: paths });
    writeFileSync(join(top, 'quiesced.wxs'), source);
    run(top, 'wixl', ['--arch', 'x64', '--output', 'quiesced.msi', 'quiesced.wxs']);
    const about = run(top, 'msiinfo', ['export', 'quiesced.msi', SUMMARY]);
    writeFileSync(join(top, `${SUMMARY}.idt`), summaryOf(about, uuidOf(`${source} ${TABLES} ${digest(root, paths)}`)));
    const queries = [...TABLES, ...versionsOf(root, paths)].flatMap((query) => ['-q', query]);
    run(top, 'msibuild', ['quiesced.msi', '-i', `${SUMMARY}.idt`, ...queries]);
    copyFileSync(join(top, 'quiesced.msi'), msi);
    return msi;
  } finally {
    rmSync(top, { recursive: true, force: true });
  }
}

const SUMMARY = '_SummaryInformation';
/** learn.microsoft.com/windows/win32/msi/summary-information-stream-property-set */
const [REVISION, CREATED, SAVED] = [9, 12, 13];

/**
 * With what wixl takes from chance and the clock put in its place: the code of the package, which has to be another one
 * for other contents, and the times.
 */
function summaryOf(exported: string, packageCode: string): string {
  const time = new Date(sourceDate() * 1000).toISOString().slice(0, 19).replaceAll('-', '/').replace('T', ' ');
  const fixed = { [REVISION]: `{${packageCode.toUpperCase()}}`, [CREATED]: time, [SAVED]: time };
  return exported
    .split('\r\n')
    .map((line) => {
      const [id = ''] = line.split('\t');
      return id in fixed ? `${id}\t${fixed[Number(id)]}` : line;
    })
    .join('\r\n');
}

/** UTC, because the archive within has local times. */
const run = (cwd: string, program: string, args: readonly string[]): string =>
  execFileSync(program, args, {
    cwd,
    env: { ...process.env, TZ: 'UTC', LC_ALL: 'C.UTF-8', SOURCE_DATE_EPOCH: String(sourceDate()) },
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });

function digest(root: string, paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths) hash.update(`${path}\0`).update(readFileSync(join(root, path)));
  return hash.digest('hex');
}

if (import.meta.main) process.stdout.write(`${await buildMsi(process.argv[2] ?? join(ROOT, 'dist/packages'))}\n`);
