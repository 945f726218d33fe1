import { isThere, readableList } from '../system/readable.ts';
import type { FileStat, System } from '../system/system.ts';

/** A kernel that this machine could be started with. */
export interface InstalledKernel {
  /** As `uname -r` would say it. */
  readonly version: string;
  readonly image: string;
  /** Undefined when there is none, which a kernel with all built in can do without. */
  readonly initramfs: string | undefined;
  /** Undefined when it has no modules at all, or they are not there. */
  readonly modules: string | undefined;
}

const BOOT = '/boot';
/** Debian's and Red Hat's; `Image` and `vmlinux` on other processors and SUSE's. */
const IMAGE = /^(?:vmlinuz|vmlinux|Image)-(\d[^/]*)$/;
/**
 * What package managers and dracut leave: copies, SUSE's packed vmlinux for debuggers, and Red Hat's rescue kernel, which
 * has no modules of its own.
 */
const NO_KERNEL = /(\.(old|bak|hmac|sig|gz|xz|zst|debug|dpkg-\w+|rpm\w+|quiesced-old)$)|^0-rescue-/;

/** By Debian's, Red Hat's (and Azure Linux's), and SUSE's rules. */
export const initramfsPaths = (version: string): readonly string[] => [
  `${BOOT}/initrd.img-${version}`,
  `${BOOT}/initramfs-${version}.img`,
  `${BOOT}/initrd-${version}`,
];

/** Those below /boot that have a version in their names, oldest first by the numbers in it. */
export async function installedKernels(system: System): Promise<readonly InstalledKernel[]> {
  const found = (await readableList(system, BOOT)).flatMap((name) => {
    const version = IMAGE.exec(name)?.[1];
    return version === undefined || NO_KERNEL.test(version) ? [] : [{ version, image: `${BOOT}/${name}` }];
  });
  const whole = found.map(async (kernel) => ({
    ...kernel,
    initramfs: await firstThere(system, initramfsPaths(kernel.version)),
    modules: await firstThere(system, [`/lib/modules/${kernel.version}`, `/usr/lib/modules/${kernel.version}`]),
  }));
  return (await Promise.all(whole)).sort((a, b) => byNumbers.compare(a.version, b.version));
}

const byNumbers = new Intl.Collator('en', { numeric: true });

async function firstThere(system: System, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if (await isThere(system, path)) return path;
  return undefined;
}

/** Undefined where nothing is, or what is there may not be looked at. */
export const statOf = (system: System, path: string): Promise<FileStat | undefined> =>
  system.stat(path).catch(() => undefined);
