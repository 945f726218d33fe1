/**
 * `npm run release`: everything that is handed out, in `dist/release`, from a tree that is as it was committed. Runs all
 * suites first; `--skip-tests`, for trials, leaves them out and says so.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildExtension } from '../extension/build.ts';
import { buildMsi } from '../msi/build.ts';
import { buildPackages } from '../package.ts';
import { ROOT, versionOf } from '../repository.ts';
import { releaseNotes } from './changelog.ts';
import { sbom } from './sbom.ts';
import { otherVersions } from './versions.ts';

const FOLDER = join(ROOT, 'dist/release');

/** What is wrong, or undefined: before minutes are spent. */
function whyNot(): string | undefined {
  const changed = execFileSync('git', ['status', '--porcelain'], { cwd: ROOT, encoding: 'utf8' }).trim();
  if (changed !== '') return `not everything is committed:\n${changed}\nCommit it, or put it aside: git stash -u`;
  const others = otherVersions();
  if (others.length > 0) return `package.json says ${versionOf()}, but:\n${others.join('\n')}`;
  return undefined;
}

/** Of each file in the folder: as sha256sum(1) writes and checks them. */
const sums = (paths: readonly string[]): string =>
  paths.map((path) => `${createHash('sha256').update(readFileSync(path)).digest('hex')}  ${basename(path)}\n`).join('');

async function release(): Promise<readonly string[]> {
  rmSync(FOLDER, { recursive: true, force: true });
  const extensions = [await buildExtension(FOLDER, 'linux'), await buildExtension(FOLDER, 'windows')];
  const packages = [...(await buildPackages(FOLDER)), await buildMsi(FOLDER), ...extensions];
  const texts = { [`quiesced-${versionOf()}.cdx.json`]: sbom(), 'CHANGELOG.md': releaseNotes() };
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(FOLDER, name), text);
  const all = [...packages, ...Object.keys(texts).map((name) => join(FOLDER, name))].sort();
  writeFileSync(join(FOLDER, 'SHA256SUMS'), sums(all));
  return [...all, join(FOLDER, 'SHA256SUMS')];
}

const say = (line: string) => process.stdout.write(`${line}\n`);

const fault = whyNot();
if (fault !== undefined) {
  process.stderr.write(`not released: ${fault}\n`);
  process.exit(1);
}
const skipTests = process.argv.includes('--skip-tests');
if (!skipTests && spawnSync(join(ROOT, '.ci/run'), { cwd: ROOT, stdio: 'inherit' }).status !== 0) {
  process.stderr.write('not released: a suite failed\n');
  process.exit(1);
}
for (const path of await release()) say(path);
say(
  skipTests
    ? `\nMade for a trial of ${versionOf()}: no suite was run.`
    : `\nReleased ${versionOf()}: tag it, take over CHANGELOG.md, and remove the notes in changes/.`,
);
