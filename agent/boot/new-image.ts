import type { System } from '../system/system.ts';
import { type DriverFault, faultOf } from './drivers.ts';
import { readInitramfs } from './initramfs.ts';
import { installedKernels } from './kernels.ts';
import { kernelModules, loadedModules } from './modules.ts';

export interface NewImage {
  readonly made: string;
  /** The image that it would take the place of, and that has started this machine. */
  readonly present: string;
  /** As `uname -r` says it. */
  readonly version: string;
  /** Where it must start, too. */
  readonly restoringTo?: 'azure' | undefined;
}

/**
 * Why an image must not take the place of the one that stands there: it cannot be unpacked to its end, the kernel would find
 * nothing to start in it, or it lacks what this machine, or one of Azure's, needs. Undefined where nothing speaks against it.
 */
export async function faultOfNewImage(
  system: System,
  { made, present, version, restoringTo }: NewImage,
): Promise<Pick<DriverFault, 'what' | 'lacks'> | undefined> {
  const initramfs = await readInitramfs(system, made, version);
  if (initramfs.state === 'unreadable') return { what: `it cannot be read: ${initramfs.why}`, lacks: initramfs.lacks };
  if (!initramfs.init) return { what: 'it has no init, which is what the kernel starts' };
  if (initramfs.packed !== undefined)
    return { what: `it holds an image in itself, which is not looked into: ${initramfs.packed}` };
  const kernel = (await installedKernels(system)).find((each) => each.version === version);
  const modules = kernel && (await kernelModules(system, kernel));
  const fault = faultOf({ version, initramfs, modules });
  if (restoringTo === 'azure' && fault.kind === 'image') return { what: fault.what };
  const before = await readInitramfs(system, present, version);
  if (before.state === 'unreadable') return undefined;
  const lost = [...before.modules].filter((name) => !initramfs.modules.has(name) && !modules?.builtIn.has(name));
  const loaded = new Set(await loadedModules(system));
  // A tool that makes images for the present hardware leaves others out, and may.
  const needed = lost.filter((name) => loaded.has(name));
  return needed.length === 0
    ? undefined
    : { what: `it lacks what the image before had, and this machine has loaded: ${needed.join(', ')}` };
}
