import { basename, dirname } from 'node:path';
import { AZURE_MODULES, driversOf, faultOf, type KernelDrivers } from '../boot/drivers.ts';
import { installedKernels } from '../boot/kernels.ts';
import type { FileChange, RunChange } from '../system/changes.ts';
import { planFile } from '../system/owned-file.ts';
import { anyThere, isThere, readableList } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { unblocked } from './modules.ts';
import { type Repair, type RepairContext, run } from './repair.ts';

const DRACUT = ['/usr/bin/dracut', '/usr/sbin/dracut', '/sbin/dracut'];
const DRACUT_CONF = '/etc/dracut.conf.d/50-quiesced-hyperv.conf';
/** What update-initramfs calls, which itself puts the image into its place before anybody could look at it. */
const INITRAMFS_TOOLS = ['/usr/sbin/mkinitramfs'];
const POST_UPDATE = '/etc/initramfs/post-update.d';
const MODULES = '/etc/initramfs-tools/modules';
const MARK = "# quiesced repair: drivers of Azure's hosts";

/** How the image was before, beside the new one: for a boot loader's prompt, should the new one not start. */
const OLD = '.quiesced-old';
const NEW = '.quiesced-new';

/** Hyper-V's drivers into the configuration of whatever makes the images, and each image that lacks them made anew. */
export const drivers: Repair = {
  id: 'boot.hyperv-initramfs',
  check: 'boot.hyperv-initramfs',
  title: "Put Hyper-V's drivers into every initramfs",
  platforms: ['linux'],
  risk: `Each image that lacks them is made anew, and takes the place of the one before when it was found whole. That one stays beside it (${OLD}), which takes as much room in /boot.`,
  safe: true,

  async plan(system, context) {
    const barred = await unblocked(system, [...AZURE_MODULES.boot, AZURE_MODULES.network]);
    const lacking = await lackingKernels(system);
    const configured = lacking.length === 0 ? [] : await configuration(system, wantedModules(lacking));
    const changes = [...barred.changes, ...configured];
    // The configuration may have been there before, and the image be older.
    const runs = changes.length > 0 ? [] : await rebuild(system, lacking, 'there', context);
    const notes = lacking.length === 0 ? barred.notes : [...barred.notes, ...(await unmade(system))];
    return { changes, runs, notes };
  },

  /** Undone, the images that were kept take their places again: they have started this machine before. */
  async follow(system, paths, way, context) {
    if (paths.some((path) => path.startsWith('/etc/modprobe.d/')))
      return rebuild(system, await installedKernels(system), way, context);
    if (!paths.some((path) => path === DRACUT_CONF || path === MODULES)) return [];
    return way === 'there' ? rebuild(system, await lackingKernels(system), way, context) : bringBack(system);
  },
};

async function allKernels(system: System): Promise<readonly KernelDrivers[]> {
  const kernels: KernelDrivers[] = [];
  for (const kernel of await installedKernels(system)) kernels.push(await driversOf(system, kernel));
  return kernels;
}

async function bringBack(system: System): Promise<readonly RunChange[]> {
  const names = new Set(await readableList(system, '/boot'));
  return (await installedKernels(system)).flatMap(({ initramfs = '' }) => {
    const kept = `${initramfs}${OLD}`;
    return names.has(basename(kept)) ? [run('mv', '--force', kept, initramfs)] : [];
  });
}

const lackingKernels = async (system: System): Promise<readonly KernelDrivers[]> =>
  (await allKernels(system)).filter((kernel) => faultOf(kernel).kind === 'image');

/** Those that at least one kernel has as modules: of others the tools would complain. */
const wantedModules = (kernels: readonly KernelDrivers[]): readonly string[] =>
  [...AZURE_MODULES.boot, AZURE_MODULES.network, ...AZURE_MODULES.nvme].filter((name) =>
    kernels.some(({ modules }) => modules?.loadable.has(name)),
  );

async function configuration(system: System, modules: readonly string[]): Promise<readonly FileChange[]> {
  if (await anyThere(system, DRACUT)) {
    const text = `add_drivers+=" ${modules.join(' ')} "\n`;
    const folder = dirname(DRACUT_CONF);
    const made: readonly FileChange[] = (await isThere(system, folder))
      ? []
      : [{ do: 'make-folder', path: folder, mode: 0o755 }];
    return [...made, ...(await planFile(system, DRACUT_CONF, { text, mode: 0o644 }))];
  }
  if (!(await anyThere(system, INITRAMFS_TOOLS))) return [];
  const text = (await system.readText(MODULES, 'latin1')) ?? '';
  const present = new Set(text.split('\n').map((line) => line.trim().split(/\s+/)[0]?.replaceAll('-', '_')));
  const missing = modules.filter((name) => !present.has(name));
  if (missing.length === 0) return [];
  const start = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  const mended = `${start}${[MARK, ...missing].join('\n')}\n`;
  return [{ do: 'write', path: MODULES, text: mended, mode: 0o644, encoding: 'latin1' }];
}

/**
 * A name is kept by a link, which costs nothing; the new image is made beside, read as the kernel would, and takes the old
 * one's place at once. The first that was kept stays: it has started this machine, which one of ours has not.
 */
async function rebuild(
  system: System,
  kernels: readonly { readonly version: string }[],
  way: 'there' | 'back',
  { self }: RepairContext,
): Promise<readonly RunChange[]> {
  const versions = new Set(kernels.map(({ version }) => version));
  const images = (await installedKernels(system)).filter(({ version }) => versions.has(version));
  const dracut = await anyThere(system, DRACUT);
  if (!dracut && !(await anyThere(system, INITRAMFS_TOOLS))) return [];
  const names = new Set(await readableList(system, '/boot'));
  // Boot loaders that have copies of their own, as update-initramfs would tell them.
  const hooks = !dracut && (await isThere(system, POST_UPDATE));
  return images.flatMap(({ version, initramfs }) => {
    if (initramfs === undefined) return [];
    const kept = `${initramfs}${OLD}`;
    const made = `${initramfs}${NEW}`;
    return [
      ...(names.has(basename(kept)) ? [] : [run('cp', '--link', '--force', initramfs, kept)]),
      dracut ? run('dracut', '--force', made, version) : run('mkinitramfs', '-o', made, version),
      run('sync', made),
      run(...self, 'compare-image', made, initramfs, version, ...(way === 'there' ? ['azure'] : [])),
      run('mv', '--force', made, initramfs),
      ...(hooks ? [run('run-parts', `--arg=${version}`, `--arg=${initramfs}`, POST_UPDATE)] : []),
    ];
  });
}

async function unmade(system: System) {
  if (await anyThere(system, [...DRACUT, ...INITRAMFS_TOOLS])) return [];
  const mkinitcpio = await isThere(system, '/etc/mkinitcpio.conf');
  return [
    {
      message: `what makes the images here is not known to quiesced${mkinitcpio ? ' (mkinitcpio)' : ''}`,
      remedy: `Have it put ${[...AZURE_MODULES.boot, AZURE_MODULES.network].join(', ')} into each.`,
    },
  ];
}
