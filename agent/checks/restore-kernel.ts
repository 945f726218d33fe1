import { type BootEntries, type BootEntry, bootEntries } from '../boot/entries.ts';
import { type InstalledKernel, installedKernels, statOf } from '../boot/kernels.ts';
import type { System } from '../system/system.ts';
import { type Check, type CheckContext, fail, pass, type Result, skip, warn } from './check.ts';
import { SOURCES } from './limits.ts';
import { NO_KERNEL } from './restore-drivers.ts';
import { gatherUsage, listed } from './storage-evidence.ts';

/** What starts when nobody chooses, and whether there is room for the next kernel. */
export interface KernelSigns {
  readonly entries: BootEntries['entries'];
  readonly byDefault: BootEntry | undefined;
  readonly kernels: readonly InstalledKernel[];
  /** Paths of images without a byte in them: an upgrade that met a full disk. */
  readonly empty: readonly string[];
  /** Of /boot, where that is a file system of its own. */
  readonly freeBytes: number | undefined;
  /** Of the largest kernel with its initramfs. */
  readonly neededBytes: number;
}

export const defaultKernelIsWhole: Check = {
  id: 'boot.default-kernel',
  group: 'restore',
  title: 'The kernel that starts by default is all there',
  platforms: ['linux'],
  offline: true,
  timeoutMs: 8000,
  source: SOURCES.noBoot,
  async run(system, context) {
    const kernels = await context.evidence(installedKernels);
    if (kernels.length === 0) return skip(NO_KERNEL);
    return judgeKernel(await gatherKernelSigns(system, context, kernels));
  },
};

async function gatherKernelSigns(
  system: System,
  context: CheckContext,
  kernels: readonly InstalledKernel[],
): Promise<KernelSigns> {
  const { entries, byDefault } = await context.evidence(bootEntries);
  const images = kernels.flatMap(({ image, initramfs }) => [image, ...(initramfs === undefined ? [] : [initramfs])]);
  const sizes = new Map(
    await Promise.all(images.map(async (path) => [path, (await statOf(system, path))?.sizeBytes ?? 0] as const)),
  );
  const sizeOf = (path: string | undefined) => sizes.get(path ?? '') ?? 0;
  return {
    entries,
    byDefault,
    kernels,
    empty: images.filter((path) => sizeOf(path) === 0),
    freeBytes: system.live ? await freeInBoot(context) : undefined,
    neededBytes: Math.max(...kernels.map(({ image, initramfs }) => sizeOf(image) + sizeOf(initramfs))),
  };
}

async function freeInBoot({ evidence }: CheckContext): Promise<number | undefined> {
  const answer = (await evidence(gatherUsage)).get('/boot');
  return answer?.state === 'answered' ? answer.usage.availableBlocks * answer.usage.blockBytes : undefined;
}

const MAKE_ANEW = 'Have the kernel installed anew, then look again:\n$ quiesced check --only boot.default-kernel';

export function judgeKernel({ entries, byDefault, kernels, empty, freeBytes, neededBytes }: KernelSigns): Result {
  const broken = entries.flatMap((entry) => brokenIn(entry, kernels, empty));
  const fatal = broken.filter(({ entry }) => entry === byDefault);
  const shown = (some: typeof broken) => listed(some.map(({ entry, what }) => `${entry.id || entry.path}: ${what}`));
  if (fatal.length > 0) return fail(`the default entry ${shown(fatal)}`, MAKE_ANEW);
  if (byDefault === undefined && empty.length > 0) return fail(`empty: ${listed(empty)}`, MAKE_ANEW);
  if (broken.length > 0) return warn(shown(broken), MAKE_ANEW);
  if (freeBytes !== undefined && freeBytes < neededBytes) {
    return warn(
      `/boot has ${mib(freeBytes)} left, and a kernel takes ${mib(neededBytes)}: the next upgrade leaves half of one`,
      'Remove kernels that nobody starts any more:\n$ apt-get autoremove --purge || dnf remove --oldinstallonly',
    );
  }
  return pass(byDefault?.id || byDefault?.namedKernel || listed(kernels.map(({ version }) => version)));
}

interface Broken {
  readonly entry: BootEntry;
  readonly what: string;
}

/** Also what is there and has nothing in it, and a kernel whose modules are gone. */
function brokenIn(entry: BootEntry, kernels: readonly InstalledKernel[], empty: readonly string[]): readonly Broken[] {
  const known = kernels.find(({ image }) => image === entry.kernel);
  const images = entry.initramfs.flatMap(({ named, path }) => {
    if (path === undefined) return [`${named} is not there`];
    return empty.includes(path) ? [`${path} is empty`] : [];
  });
  const what = [
    ...(entry.kernel === undefined ? [`${entry.namedKernel} is not there`] : []),
    ...(empty.includes(entry.kernel ?? '') ? [`${entry.kernel} is empty`] : []),
    ...images,
    ...(known !== undefined && known.modules === undefined ? [`/lib/modules/${known.version} is not there`] : []),
  ];
  return what.map((each) => ({ entry, what: each }));
}

const mib = (bytes: number): string => `${Math.round(bytes / 1024 ** 2)} MiB`;
