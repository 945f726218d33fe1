import { isByDisk, isByOrder } from '../boot/device-names.ts';
import { type BootEntry, bootEntries } from '../boot/entries.ts';
import { type InstalledKernel, installedKernels } from '../boot/kernels.ts';
import { type Blacklisted, blacklisted, kernelModules } from '../boot/modules.ts';
import { readableList } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { restoreLimit } from './azure.ts';
import { type Check, fail, pass, type Result, skip, warn } from './check.ts';
import { SOURCES } from './limits.ts';
import { NO_KERNEL } from './restore-drivers.ts';
import { listed } from './storage-evidence.ts';

/** How the loader finds the kernel, and the kernel its root. */
export interface LoaderSigns {
  readonly entries: readonly BootEntry[];
  /** Names below EFI/ of the system partition; undefined where there is none. */
  readonly efi: readonly string[] | undefined;
  /** Whether the firmware finds a loader without an entry in its memory, which no copy of the disk has. */
  readonly fallback: boolean;
}

export const loaderFindsRoot: Check = {
  id: 'boot.grub-root',
  group: 'restore',
  title: 'The boot loader and the kernel find their disks',
  platforms: ['linux'],
  offline: true,
  // The EFI system partition is closed to others on most systems.
  needsRoot: true,
  source: `${SOURCES.hydration}; UEFI specification 2.10, 3.5.1.1`,
  async run(system, { evidence }) {
    const { entries } = await evidence(bootEntries);
    const signs = { entries, ...(await efiSigns(system)) };
    return entries.length === 0 && signs.efi === undefined ? skip('no boot loader is known here') : judgeLoader(signs);
  },
};

export function judgeLoader({ entries, efi, fallback }: LoaderSigns): Result {
  const roots = entries.flatMap(({ options }) => options.flatMap((option) => /^root=(.*)$/.exec(option)?.[1] ?? []));
  const unstable = [...new Set(roots)].filter((device) => isByOrder({ device }) || isByDisk({ device }));
  if (unstable.length > 0) {
    return warn(
      `root=${listed(unstable)} goes by the order of disks, or by the disk itself`,
      'Have GRUB name it by UUID (GRUB_DISABLE_LINUX_UUID must not be set), and make its configuration anew:\n$ update-grub || grub2-mkconfig -o /boot/grub2/grub.cfg',
    );
  }
  if (efi !== undefined && !fallback) {
    return warn(
      `the EFI system partition has ${listed(efi)}, but no loader at EFI/BOOT, where the firmware of a new machine looks`,
      'Have it put there too:\n$ grub-install --force-extra-removable || cp -r /boot/efi/EFI/NAME/. /boot/efi/EFI/BOOT/',
    );
  }
  return pass(roots.length === 0 ? 'the loader is found by the firmware' : `root=${listed([...new Set(roots)])}`);
}

/** FAT knows no case. */
async function efiSigns(system: System): Promise<Pick<LoaderSigns, 'efi' | 'fallback'>> {
  for (const folder of ['/boot/efi/EFI', '/efi/EFI', '/boot/EFI']) {
    const names = await readableList(system, folder);
    if (names.length === 0) continue;
    const boot = names.find((name) => name.toLowerCase() === 'boot');
    const loaders = boot === undefined ? [] : await readableList(system, `${folder}/${boot}`);
    return { efi: names, fallback: loaders.some((name) => /^boot(x64|aa64)\.efi$/i.test(name)) };
  }
  return { efi: undefined, fallback: false };
}

/** What Azure hands over at the first start is on a DVD (udf), and the EFI system partition is FAT. */
const MEDIA = ['udf', 'vfat'];

export const mediaCanBeRead: Check = {
  id: 'boot.udf-vfat',
  group: 'restore',
  title: "The file systems of Azure's media can be mounted",
  platforms: ['linux'],
  offline: true,
  source: SOURCES.genericImage,
  async run(system, context) {
    const off = (await blacklisted(system)).filter(({ module }) => MEDIA.includes(module));
    const kernels = await context.evidence(installedKernels);
    if (kernels.length === 0 && off.length === 0) return skip(NO_KERNEL);
    return restoreLimit(context, judgeMedia(off, await without(system, kernels)));
  },
};

/** Kernels by the modules that they lack, `6.1.0-18-cloud-amd64: udf`. */
async function without(system: System, kernels: readonly InstalledKernel[]): Promise<readonly string[]> {
  const lacking = kernels.map(async (kernel) => {
    const modules = await kernelModules(system, kernel);
    const missing = MEDIA.filter((name) => modules && !modules.builtIn.has(name) && !modules.loadable.has(name));
    return missing.length === 0 ? [] : [`${kernel.version}: ${missing.join(', ')}`];
  });
  return (await Promise.all(lacking)).flat();
}

export function judgeMedia(off: readonly Blacklisted[], lacking: readonly string[]): Result {
  if (off.length > 0) {
    return fail(
      `kept from being loaded: ${listed(off.map(({ module, path, line }) => `${module} by ${path}:${line}`))}; the agent then finds nothing of what a restored machine is given`,
      'Have the lines taken out:\n$ quiesced repair boot.udf-vfat',
    );
  }
  if (lacking.length > 0) {
    return warn(`not in the kernel: ${listed(lacking)}`, "Install the distribution's package with more modules.");
  }
  return pass(MEDIA.join(', '));
}
