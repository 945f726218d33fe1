import { AZURE_MODULES, type DriverFault, driversOf, faultOf, isReady, type KernelDrivers } from '../boot/drivers.ts';
import { installedKernels } from '../boot/kernels.ts';
import { type Blacklisted, blacklisted } from '../boot/modules.ts';
import { restoreLimit } from './azure.ts';
import { type Check, fail, info, pass, type Result, skip, warn } from './check.ts';
import { AZURE_DRIVERS } from './limits.ts';
import { listed } from './storage-evidence.ts';

/** A kernel, and whether it runs now, and on Hyper-V: so it does start there. */
export interface TriedKernel extends KernelDrivers {
  readonly proved: boolean;
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
    const drivers: TriedKernel[] = [];
    // One after the other: each is unpacked as a whole.
    for (const each of kernels) {
      const proved = each.version === kernel && hypervisor === 'hyper-v';
      drivers.push({ ...(await driversOf(system, each)), proved });
    }
    return restoreLimit(context, judgeDrivers(drivers, await blacklisted(system)));
  },
};

const REPAIR = 'Have them put into the image, and the image made anew:\n$ quiesced repair boot.hyperv-initramfs';
const OTHER_KERNEL =
  "Install the distribution's kernel for Azure or for clouds, which has them, or remove this one. On Debian:\n$ apt-get install linux-image-cloud-amd64";

export function judgeDrivers(kernels: readonly TriedKernel[], off: readonly Blacklisted[]): Result {
  const barred = off.filter(({ module }) => [...AZURE_MODULES.boot, AZURE_MODULES.network].includes(module as never));
  if (barred.length > 0) {
    return fail(
      listed(barred.map(({ module, path, line }) => `${path}:${line} keeps ${module} from being loaded`)),
      'Remove the line, and have the images made anew:\n$ quiesced repair boot.hyperv-initramfs',
    );
  }
  const told = kernels.map((kernel) => ({ ...kernel, ...faultOf(kernel) }));
  const of = (kind: DriverFault['kind']) => told.filter((each) => each.kind === kind && !each.proved);
  const shown = (some: readonly (DriverFault & { version: string })[]) =>
    listed(some.map(({ version, what }) => `${version}: ${what}`));
  if (of('kernel').length > 0) return fail(shown(of('kernel')), OTHER_KERNEL);
  if (of('image').length > 0) return fail(shown(of('image')), REPAIR);
  const proved = told.filter(({ kind, proved }) => proved && (kind === 'kernel' || kind === 'image'));
  if (proved.length > 0) return warn(`${shown(proved)}; it runs here all the same`, REPAIR);
  if (of('unknown').length > 0) return warn(shown(of('unknown')), remedyFor(of('unknown')));
  const versions = listed(kernels.map(({ version }) => version));
  const slow = told.filter((kernel) => AZURE_MODULES.nvme.some((module) => !isReady(kernel, module)));
  if (slow.length === 0) return pass(versions);
  return info(
    `${listed(slow.map(({ version }) => version))}: without ${AZURE_MODULES.nvme.join(' and ')} at boot, so not for sizes whose disks are NVMe only (v6 and later)`,
  );
}

function remedyFor(unknown: readonly DriverFault[]): string {
  const programs = [...new Set(unknown.flatMap(({ lacks }) => lacks ?? []))];
  if (programs.length === 0) return 'Look into it with the tool that made it:\n$ lsinitrd || lsinitramfs /boot/initrd*';
  const names = programs.map((program) => (program === 'xz' ? 'xz-utils (xz)' : program));
  return `Install what unpacks it, then look again: ${names.join(', ')}`;
}
