import { readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { moduleFile, moduleName } from './initramfs.ts';
import type { InstalledKernel } from './kernels.ts';

/** What a kernel has, by the lists that `depmod` and the kernel's own build have left. */
export interface KernelModules {
  /** Part of the kernel itself. */
  readonly builtIn: ReadonlySet<string>;
  /** Each that can be loaded, and all that it needs to be loaded before, directly or not. */
  readonly loadable: ReadonlyMap<string, readonly string[]>;
}

/** What the drivers of Azure's sizes are called in a kernel's configuration, for one that has no list of what is built in. */
const OPTIONS: Readonly<Record<string, string>> = {
  CONFIG_HYPERV: 'hv_vmbus',
  CONFIG_HYPERV_STORAGE: 'hv_storvsc',
  CONFIG_HYPERV_NET: 'hv_netvsc',
  CONFIG_PCI_HYPERV: 'pci_hyperv',
  CONFIG_BLK_DEV_NVME: 'nvme',
  CONFIG_MICROSOFT_MANA: 'mana',
  CONFIG_MLX5_CORE: 'mlx5_core',
  CONFIG_UDF_FS: 'udf',
  CONFIG_VFAT_FS: 'vfat',
};

/** Undefined where neither list is to be had. */
export async function kernelModules(
  system: System,
  { version, modules }: InstalledKernel,
): Promise<KernelModules | undefined> {
  const read = (name: string) =>
    modules === undefined ? Promise.resolve(undefined) : readableText(system, `${modules}/${name}`);
  const [builtIn, dependencies, config] = await Promise.all([
    read('modules.builtin'),
    read('modules.dep'),
    readableText(system, `/boot/config-${version}`),
  ]);
  if (builtIn === undefined && dependencies === undefined && config === undefined) return undefined;
  return {
    builtIn: new Set([...parseBuiltIn(builtIn ?? ''), ...builtInByConfig(config ?? '')]),
    loadable: parseModulesDep(dependencies ?? ''),
  };
}

/** A path a line. */
export const parseBuiltIn = (text: string): readonly string[] =>
  text.split('\n').flatMap((line) => moduleFile(line.trim().split('/').at(-1) ?? '') ?? []);

export const builtInByConfig = (text: string): readonly string[] =>
  text.split('\n').flatMap((line) => (line.endsWith('=y') ? (OPTIONS[line.slice(0, -2)] ?? []) : []));

/** `kernel/drivers/scsi/hv_storvsc.ko.xz: kernel/drivers/hv/hv_vmbus.ko.xz …`: modules.dep(5). */
export const parseModulesDep = (text: string): ReadonlyMap<string, readonly string[]> =>
  new Map(
    text.split('\n').flatMap((line) => {
      const [path = '', needs = ''] = line.split(':', 2);
      const name = moduleFile(path.split('/').at(-1) ?? '');
      if (name === undefined) return [];
      return [[name, needs.split(' ').flatMap((need) => moduleFile(need.split('/').at(-1) ?? '') ?? [])]];
    }),
  );

/** What the kernel has loaded, by name: proc_modules(5). */
export const loadedModules = async (system: System): Promise<readonly string[]> =>
  ((await readableText(system, '/proc/modules')) ?? '').split('\n').map((line) => line.split(' ')[0] ?? '');

/** What keeps a module from being loaded by itself, and the file that says so: modprobe.d(5). */
export interface Blacklisted {
  readonly module: string;
  readonly path: string;
  /** Of the line that says it, from 1. */
  readonly line: number;
}

/** The first of the folders has the last word on a file of one name. */
const MODPROBE_FOLDERS = ['/etc/modprobe.d', '/run/modprobe.d', '/usr/local/lib/modprobe.d', '/usr/lib/modprobe.d'];

export async function blacklisted(system: System): Promise<readonly Blacklisted[]> {
  const paths = new Map<string, string>();
  for (const folder of [...MODPROBE_FOLDERS, '/lib/modprobe.d']) {
    const names = await system.list(folder).catch(() => undefined);
    for (const name of names ?? [])
      if (name.endsWith('.conf') && !paths.has(name)) paths.set(name, `${folder}/${name}`);
  }
  const found = [...paths.values()].map(async (path) =>
    parseBlacklist((await readableText(system, path)) ?? '').map((one) => ({ ...one, path })),
  );
  return (await Promise.all(found)).flat();
}

/** `blacklist NAME`, and `install NAME /bin/true` as hardening guides have it. Other install lines load it in their way. */
export const parseBlacklist = (text: string): readonly Omit<Blacklisted, 'path'>[] =>
  text.split('\n').flatMap((line, at) => {
    const [word, name = '', command = ''] = line.trim().split(/\s+/);
    const off = word === 'blacklist' || (word === 'install' && /^(\/usr)?\/bin\/(true|false)$/.test(command));
    return off && name !== '' ? [{ module: moduleName(name), line: at + 1 }] : [];
  });
