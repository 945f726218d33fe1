import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FILES } from '../files.ts';
import { versionOf } from '../repository.ts';
import type { Architecture } from '../target.ts';

export const MAINTAINER = 'The quiesced authors <maintainers@quiesced.example>';

/**
 * By what Node and koffi are linked with and which versions of symbols they name (`objdump -p`): GLIBC_2.28,
 * CXXABI_1.3.11, which came with GCC 7, and GCC_3.4. A test looks again.
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
    'Description: gets a virtual machine ready to be backed up',
    ' A virtual machine is backed up by taking a snapshot of its disks from outside.',
    ' quiesced says whether that would work and what to do if not, brings',
    ' applications and file systems to rest while the snapshot is taken, and lets',
    ' them go again, whatever fails: a second process holds the deadline and the way',
    ' back.',
    ' .',
    ' It brings its own runtime and needs nothing else of the machine.',
    '',
  ].join('\n');

/** What dpkg keeps as the administrator left it. */
export const conffiles = (): string =>
  FILES.filter(({ configuration }) => configuration)
    .map(({ path }) => `${path}\n`)
    .join('');

/** deb-md5sums(5): everything but what the administrator may change. */
export function md5sums(root: string): string {
  const changing = new Set(FILES.filter(({ configuration }) => configuration).map(({ path }) => path.slice(1)));
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

const filesBelow = (root: string): readonly string[] =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((each) => !each.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name).slice(root.length + 1))
    .sort();
