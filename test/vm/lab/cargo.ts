import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { must } from '../../bench/command.ts';
import { compile } from './compile.ts';

/** Always the same: a machine that goes on from a state finds the disk as large as it was. */
const SIZE = '256M';

/** A disk with these files (folders of the machine that builds it), to be read only. */
export const createCargo = (image: string, from: readonly [string?]): Promise<string> =>
  must(['mke2fs', '-q', '-t', 'ext4', '-L', 'cargo', ...from.flatMap((folder) => ['-d', folder ?? '']), image, SIZE]);

/** `packages/`: the one under test and its successor; `programs/`: what the scenarios run. */
export async function fillCargo(image: string, deb: string, sources: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-cargo-'));
  try {
    for (const name of ['packages', 'programs']) mkdirSync(join(folder, name));
    copyFileSync(deb, join(folder, 'packages', basename(deb)));
    await nextVersion(deb, folder);
    for (const source of sources) await compile(source, join(folder, 'programs'));
    await createCargo(image, [folder]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same package with a higher version, for upgrades: what changes is the version alone. */
async function nextVersion(deb: string, folder: string): Promise<void> {
  const unpacked = join(folder, 'unpacked');
  await must(['dpkg-deb', '--raw-extract', deb, unpacked]);
  await must(['sed', '-i', 's/^Version: .*/&+next1/', join(unpacked, 'DEBIAN/control')]);
  const target = join(folder, 'packages', 'next.deb');
  await must(['dpkg-deb', '--root-owner-group', '-Zgzip', '-z1', '--build', unpacked, target]);
  rmSync(unpacked, { recursive: true });
}
