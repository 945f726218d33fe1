import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { filesOf } from '../files.ts';
import { sourceDate, versionOf } from '../repository.ts';
import { stage } from '../stage.ts';
import { type Architecture, type Compression, TARGETS } from '../target.ts';
import { spec } from './spec.ts';

const RELEASE = '1';

/**
 * Makes `quiesced-VERSION-RELEASE.MACHINE.rpm` in a folder, by Debian's rpmbuild too. The same commit makes the same
 * bytes.
 *
 * @param release tells packages of one version apart; a higher one is an upgrade.
 * @returns the path of the package.
 */
export async function buildRpm(
  folder: string,
  architecture: Architecture,
  compression: Compression = 'best',
  release = RELEASE,
): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const { machine } = TARGETS[architecture];
  const top = mkdtempSync(join(tmpdir(), 'quiesced-rpm-'));
  try {
    const staged = join(top, 'staged');
    mkdirSync(staged);
    chmodSync(staged, 0o755);
    await stage(staged, TARGETS[architecture], filesOf('rpm'));
    writeFileSync(join(top, 'quiesced.spec'), spec(staged, compression, release));
    const defined = {
      _topdir: top,
      _rpmdir: resolve(folder),
      _rpmfilename: '%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm',
    };
    execFileSync(
      'rpmbuild',
      [
        ...['-bb', '--quiet', '--nodeps', `--target=${machine}-linux`, `--buildroot=${join(top, 'root')}`],
        ...Object.entries(defined).flatMap(([name, value]) => ['--define', `${name} ${value}`]),
        join(top, 'quiesced.spec'),
      ],
      {
        env: { ...process.env, SOURCE_DATE_EPOCH: String(sourceDate()), LC_ALL: 'C.UTF-8' },
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    return join(folder, `quiesced-${versionOf()}-${release}.${machine}.rpm`);
  } finally {
    rmSync(top, { recursive: true, force: true });
  }
}
