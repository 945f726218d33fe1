import { isAbsolute, resolve } from 'node:path';
import { UserError } from '../errors.ts';
import { localSystem } from './local.ts';
import type { System } from './system.ts';

/** Of a text; lists of modules have a few megabytes. */
const MOST_BYTES = 64 * 1024 ** 2;

/**
 * The system on a disk that is mounted here and does not run. Every path, and every link on the way, stays below `root`.
 * Nothing is run for it, neither from the disk nor of this machine, whose answers would be about itself; and nothing is
 * written. Throws a `UserError` (`disk.root`) for what is no folder, or the root of this machine.
 */
export async function diskSystem(root: string, { env }: Pick<System, 'env'>): Promise<System> {
  const folder = resolve('/', root);
  const here = localSystem({ root: '/', live: true, env: {} });
  if (!isAbsolute(root) || folder === '/' || (await here.stat(folder))?.kind !== 'directory') throw noRoot(root);
  const disk = localSystem({ root: folder, live: false, env });
  return {
    ...disk,
    // A pipe or a device in the place of a file would keep us waiting, and whoever has made the disk is nobody we know.
    async readText(path, encoding) {
      const stat = await disk.stat(path);
      if (stat?.kind !== 'file') return undefined;
      if (stat.sizeBytes > MOST_BYTES) throw new Error(`${path} is larger than any file of its kind`);
      return disk.readText(path, encoding);
    },
    run: async () => ({ ended: 'not-found', exitCode: undefined, stdout: '', stderr: '' }),
    write: readOnly,
    makeDir: readOnly,
    remove: readOnly,
    removeDir: readOnly,
  };
}

async function readOnly(path: string): Promise<never> {
  throw new Error(`${path} is on a disk that is only looked at`);
}

const noRoot = (root: string): UserError =>
  new UserError('disk.root', `${root} is no folder that a system could be mounted at`, {
    remedy: 'Mount its root file system, and /boot and /usr below it, read-only: mount -o ro /dev/sdX1 /mnt/disk',
  });
