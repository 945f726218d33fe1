import type { System } from '../system/system.ts';
import { type Initramfs, readInitramfs } from './initramfs.ts';
import type { InstalledKernel } from './kernels.ts';
import { type KernelModules, kernelModules } from './modules.ts';

/** Drivers of Azure's hosts, by the modules' names. */
export const AZURE_MODULES = {
  /** Without them the kernel finds no disk to start from. */
  boot: ['hv_vmbus', 'hv_storvsc'],
  network: 'hv_netvsc',
  /** The disk of the system on sizes that have no SCSI any more, v6 and later. */
  nvme: ['nvme', 'pci_hyperv'],
} as const;

/** What one kernel would have on Azure's host before there is a root file system. */
export interface KernelDrivers {
  readonly version: string;
  readonly initramfs: Initramfs | undefined;
  /** Undefined when it cannot be told. */
  readonly modules: KernelModules | undefined;
}

export async function driversOf(system: System, kernel: InstalledKernel): Promise<KernelDrivers> {
  const { version, initramfs } = kernel;
  return {
    version,
    initramfs: initramfs === undefined ? undefined : await readInitramfs(system, initramfs, version),
    modules: await kernelModules(system, kernel),
  };
}

/** What is wrong with one kernel. */
export interface DriverFault {
  /** Who lacks it: the kernel as a whole, its image, or we to tell. */
  readonly kind: 'none' | 'kernel' | 'image' | 'unknown';
  readonly what: string;
  readonly lacks?: string | undefined;
}

/** Looks at what it needs to find its disk, and at the network's driver, which may come later. */
export function faultOf(kernel: KernelDrivers): DriverFault {
  const { modules, initramfs } = kernel;
  if (modules === undefined) return { kind: 'unknown', what: 'there is no list of its modules' };
  const absent = [...AZURE_MODULES.boot, AZURE_MODULES.network].filter(
    (name) => !modules.builtIn.has(name) && !modules.loadable.has(name),
  );
  if (absent.length > 0) return { kind: 'kernel', what: `was built without ${absent.join(', ')}` };
  const wanted = AZURE_MODULES.boot.filter((name) => !modules.builtIn.has(name));
  if (wanted.length === 0) return { kind: 'none', what: '' };
  if (initramfs === undefined)
    return { kind: 'image', what: `has no initramfs, and ${wanted.join(', ')} only as modules` };
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
    what: `its initramfs lacks ${[...new Set(missing.flatMap((name) => lackedFor(kernel, name)))].join(', ')}`,
  };
}

/** At hand before there is a root file system, with all that it needs itself. */
export const isReady = (kernel: KernelDrivers, name: string): boolean => lackedFor(kernel, name).length === 0;

function lackedFor({ modules, initramfs }: KernelDrivers, name: string): readonly string[] {
  if (modules?.builtIn.has(name)) return [];
  const present = initramfs?.state === 'read' ? initramfs.modules : new Set<string>();
  return [name, ...(modules?.loadable.get(name) ?? [])].filter((each) => !present.has(each));
}
