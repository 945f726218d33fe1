import { type Initramfs, readInitramfs } from '../boot/initramfs.ts';
import { type InstalledKernel, installedKernels } from '../boot/kernels.ts';
import { type Blacklisted, blacklisted, type KernelModules, kernelModules } from '../boot/modules.ts';
import type { System } from '../system/system.ts';
import { restoreLimit } from './azure.ts';
import { type Check, fail, info, pass, type Result, skip, warn } from './check.ts';
import { AZURE_DRIVERS } from './limits.ts';
import { listed } from './storage-evidence.ts';

/** What one kernel would have on Azure's host before there is a root file system. */
export interface KernelDrivers {
  readonly version: string;
  /** It runs now, and on Hyper-V: so it does start there. */
  readonly proved: boolean;
  readonly initramfs: Initramfs | undefined;
  /** Undefined when it cannot be told. */
  readonly modules: KernelModules | undefined;
}

export const NO_KERNEL = 'there is no kernel in /boot; a boot partition has to be mounted there too';

/** Every one of them: the one that runs today need not be the one that starts after the restore. */
export const kernelsHaveDrivers: Check = {
  id: 'boot.hyperv-initramfs',
  group: 'restore',
  title: "Every kernel finds its disk on Azure's hosts",
  platforms: ['linux'],
  needsRoot: true,
  offline: true,
  timeoutMs: 120_000,
  source: AZURE_DRIVERS.source,
  async run(system, context) {
    const kernels = await context.evidence(installedKernels);
    if (kernels.length === 0) return skip(NO_KERNEL);
    const { kernel, hypervisor } = context.facts;
    const drivers: KernelDrivers[] = [];
    // One after the other: each is unpacked as a whole.
    for (const each of kernels) {
      drivers.push(await driversOf(system, each, each.version === kernel && hypervisor === 'hyper-v'));
    }
    return restoreLimit(context, judgeDrivers(drivers, await blacklisted(system)));
  },
};

async function driversOf(system: System, kernel: InstalledKernel, proved: boolean): Promise<KernelDrivers> {
  const { version, initramfs } = kernel;
  return {
    version,
    proved,
    initramfs: initramfs === undefined ? undefined : await readInitramfs(system, initramfs, version),
    modules: await kernelModules(system, kernel),
  };
}

const REPAIR = 'Have them put into the image, and the image made anew:\n$ quiesced repair boot.hyperv-initramfs';
const OTHER_KERNEL =
  "Install the distribution's kernel for Azure or for clouds, which has them, or remove this one. On Debian:\n$ apt-get install linux-image-cloud-amd64";

export function judgeDrivers(kernels: readonly KernelDrivers[], off: readonly Blacklisted[]): Result {
  const barred = off.filter(({ module }) => [...AZURE_DRIVERS.boot, AZURE_DRIVERS.network].includes(module as never));
  if (barred.length > 0) {
    return fail(
      listed(barred.map(({ module, path, line }) => `${path}:${line} keeps ${module} from being loaded`)),
      'Remove the line, and have the images made anew:\n$ quiesced repair boot.hyperv-initramfs',
    );
  }
  const told = kernels.map((kernel) => ({ ...kernel, ...faultOf(kernel) }));
  const of = (kind: Fault['kind']) => told.filter((each) => each.kind === kind && !each.proved);
  const shown = (some: readonly (Fault & { version: string })[]) =>
    listed(some.map(({ version, what }) => `${version}: ${what}`));
  if (of('kernel').length > 0) return fail(shown(of('kernel')), OTHER_KERNEL);
  if (of('image').length > 0) return fail(shown(of('image')), REPAIR);
  const proved = told.filter(({ kind, proved }) => proved && (kind === 'kernel' || kind === 'image'));
  if (proved.length > 0) return warn(`${shown(proved)}; it runs here all the same`, REPAIR);
  if (of('unknown').length > 0) return warn(shown(of('unknown')), remedyFor(of('unknown')));
  const versions = listed(kernels.map(({ version }) => version));
  const slow = told.filter((kernel) => AZURE_DRIVERS.nvme.some((module) => !isReady(kernel, module)));
  if (slow.length === 0) return pass(versions);
  return info(
    `${listed(slow.map(({ version }) => version))}: without ${AZURE_DRIVERS.nvme.join(' and ')} at boot, so not for sizes whose disks are NVMe only (v6 and later)`,
  );
}

interface Fault {
  /** Who lacks it: the kernel as a whole, its image, or we to tell. */
  readonly kind: 'none' | 'kernel' | 'image' | 'unknown';
  readonly what: string;
  readonly lacks?: string | undefined;
}

function faultOf(kernel: KernelDrivers): Fault {
  const { modules, initramfs } = kernel;
  if (modules === undefined) return { kind: 'unknown', what: 'there is no list of its modules' };
  const absent = [...AZURE_DRIVERS.boot, AZURE_DRIVERS.network].filter(
    (name) => !modules.builtIn.has(name) && !modules.loadable.has(name),
  );
  if (absent.length > 0) return { kind: 'kernel', what: `was built without ${listed(absent)}` };
  const wanted = AZURE_DRIVERS.boot.filter((name) => !modules.builtIn.has(name));
  if (wanted.length === 0) return { kind: 'none', what: '' };
  if (initramfs === undefined)
    return { kind: 'image', what: `has no initramfs, and ${listed(wanted)} only as modules` };
  if (initramfs.state === 'unreadable') {
    const kind = initramfs.lacks === undefined ? 'image' : 'unknown';
    return { kind, what: `its initramfs cannot be read: ${initramfs.why}`, lacks: initramfs.lacks };
  }
  const missing = wanted.filter((name) => !isReady(kernel, name));
  if (missing.length === 0) return { kind: 'none', what: '' };
  if (initramfs.packed !== undefined) {
    return {
      kind: 'unknown',
      what: `its initramfs holds an image in itself, which is not looked into: ${initramfs.packed}`,
    };
  }
  return {
    kind: 'image',
    what: `its initramfs lacks ${listed([...new Set(missing.flatMap((name) => lackedFor(kernel, name)))])}`,
  };
}

/** At hand before there is a root file system, with all that it needs itself. */
const isReady = (kernel: KernelDrivers, name: string): boolean => lackedFor(kernel, name).length === 0;

function lackedFor({ modules, initramfs }: KernelDrivers, name: string): readonly string[] {
  if (modules?.builtIn.has(name)) return [];
  const present = initramfs?.state === 'read' ? initramfs.modules : new Set<string>();
  return [name, ...(modules?.loadable.get(name) ?? [])].filter((each) => !present.has(each));
}

function remedyFor(unknown: readonly Fault[]): string {
  const programs = [...new Set(unknown.flatMap(({ lacks }) => lacks ?? []))];
  if (programs.length === 0) return 'Look into it with the tool that made it:\n$ lsinitrd || lsinitramfs /boot/initrd*';
  const names = programs.map((program) => (program === 'xz' ? 'xz-utils (xz)' : program));
  return `Install what unpacks it, then look again: ${names.join(', ')}`;
}
