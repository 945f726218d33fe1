import { createHash } from 'node:crypto';
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DESCRIPTION, MAINTAINER, SUMMARY } from '../about.ts';
import { filesOf } from '../files.ts';
import { versionOf } from '../repository.ts';
import { filesBelow } from '../stage.ts';
import type { Architecture } from '../target.ts';

/**
 * By what Node and koffi are linked with and which versions of symbols they name (`readelf -V`): GLIBC_2.28,
 * CXXABI_1.3.11, which came with GCC 7, and GCC_3.4. A test looks again, for each architecture.
 */
const DEPENDS = ['libc6 (>= 2.28)', 'libgcc-s1 (>= 3.4) | libgcc1 (>= 1:3.4)', 'libstdc++6 (>= 7)'];

/** deb-control(5). Without systemd there is no service, but every command works. */
export const control = (architecture: Architecture, root: string): string =>
  [
    'Package: quiesced',
    `Version: ${versionOf()}`,
    `Architecture: ${architecture}`,
    `Maintainer: ${MAINTAINER}`,
    `Installed-Size: ${Math.ceil(bytesBelow(root) / 1024)}`,
    `Depends: ${DEPENDS.join(', ')}`,
    'Recommends: systemd',
    'Section: admin',
    'Priority: optional',
    `Description: ${SUMMARY}`,
    DESCRIPTION.map((paragraph) => paragraph.map((line) => ` ${line}`).join('\n')).join('\n .\n'),
    '',
  ].join('\n');

/** What dpkg keeps as the administrator left it. */
export const conffiles = (): string =>
  filesOf('deb')
    .filter(({ configuration }) => configuration)
    .map(({ path }) => `${path}\n`)
    .join('');

/** deb-md5sums(5): everything but what the administrator may change. */
export function md5sums(root: string): string {
  const changing = new Set(
    filesOf('deb')
      .filter(({ configuration }) => configuration)
      .map(({ path }) => path.slice(1)),
  );
  return filesBelow(root)
    .filter((path) => !changing.has(path))
    .map(
      (path) =>
        `${createHash('md5')
          .update(readFileSync(join(root, path)))
          .digest('hex')}  ${path}\n`,
    )
    .join('');
}

const bytesBelow = (root: string): number =>
  filesBelow(root).reduce((sum, path) => sum + lstatSync(join(root, path)).size, 0);
