import { isThere, readableText } from './readable.ts';
import type { System } from './system.ts';

/** What tells which hypervisor, if any, this machine runs on. */
export interface HypervisorSigns {
  /** Vendor and product of the firmware's tables, joined; undefined where there are none. */
  readonly dmi: string | undefined;
  /** `/sys/hypervisor/type`: Xen only. */
  readonly sysHypervisor: string | undefined;
  /** The CPU's own word (x86): undefined where `/proc/cpuinfo` has no flags. */
  readonly cpuFlag: boolean | undefined;
  readonly clockSources: string;
  readonly vmbus: boolean;
  /** `/proc/device-tree/hypervisor/compatible`: ARM. */
  readonly deviceTree: string | undefined;
  readonly kernel: string | undefined;
}

const DMI = '/sys/class/dmi/id';

/** Azure's chassis asset tag: https://github.com/canonical/cloud-init/blob/main/tools/ds-identify. */
const AZURE_TAG = '7783-7084-3265-9085-8269-3286-77';

/** Whether the firmware says that this is an Azure machine. */
export const hasAzureTag = async (system: System): Promise<boolean> =>
  (await readableText(system, `${DMI}/chassis_asset_tag`))?.trim() === AZURE_TAG;

/** Gathers the signs; a machine that shows none of them yields an empty struct. */
export async function hypervisorSigns(system: System): Promise<HypervisorSigns> {
  const read = async (path: string) => (await readableText(system, path))?.trim();
  const [tables, sysHypervisor, cpuinfo, clockSources, vmbus, deviceTree, kernel] = await Promise.all([
    Promise.all(['sys_vendor', 'product_name', 'board_vendor', 'bios_vendor'].map((name) => read(`${DMI}/${name}`))),
    read('/sys/hypervisor/type'),
    read('/proc/cpuinfo'),
    read('/sys/devices/system/clocksource/clocksource0/available_clocksource'),
    isThere(system, '/sys/bus/vmbus/devices'),
    read('/proc/device-tree/hypervisor/compatible'),
    read('/proc/sys/kernel/osrelease'),
  ]);
  const dmi = tables.filter((value) => value !== undefined).join('\n');
  return {
    dmi: dmi === '' ? undefined : dmi,
    sysHypervisor,
    cpuFlag: cpuFlag(cpuinfo ?? ''),
    clockSources: clockSources ?? '',
    vmbus,
    deviceTree,
    kernel,
  };
}

const cpuFlag = (cpuinfo: string): boolean | undefined => {
  const flags = /^flags\s*:(.*)$/m.exec(cpuinfo)?.[1];
  return flags === undefined ? undefined : /\bhypervisor\b/.test(flags);
};

/** First match counts: a vendor that builds on another's code names itself in the product. After systemd's virt.c. */
const DMI_NAMES: readonly (readonly [RegExp, string])[] = [
  [/Amazon EC2/, 'kvm (Amazon Nitro)'],
  [/Google/, 'kvm (Google)'],
  [/VMware|VMW/, 'vmware'],
  [/innotek GmbH|VirtualBox|Oracle Corporation\nVirtualBox/, 'virtualbox'],
  [/Microsoft Corporation\nVirtual Machine/, 'hyper-v'],
  [/Nutanix|AHV/, 'kvm (Nutanix AHV)'],
  [/Parallels/, 'parallels'],
  [/BHYVE/, 'bhyve'],
  [/Xen/, 'xen'],
  [/KVM|QEMU|Bochs|OpenStack|RHEV|oVirt|Red Hat|DigitalOcean|Hetzner/, 'kvm'],
];

/**
 * `hyper-v`, `kvm`, `vmware`, `xen` …; `unknown` when all we know is that there is one, `none` on bare metal, undefined
 * when nothing tells. Firmware tables first, then what the kernel uses of the hypervisor: a Firecracker machine has no
 * tables, but kvm-clock.
 */
export function hypervisorOf(signs: HypervisorSigns): string | undefined {
  if (signs.kernel?.toLowerCase().includes('microsoft-standard-wsl')) return 'hyper-v (WSL)';
  const named = DMI_NAMES.find(([pattern]) => pattern.test(signs.dmi ?? ''))?.[1];
  if (named !== undefined) return named;
  if (signs.sysHypervisor === 'xen' || signs.deviceTree?.includes('xen')) return 'xen';
  if (signs.vmbus || signs.clockSources.includes('hyperv')) return 'hyper-v';
  if (signs.clockSources.includes('kvm-clock') || signs.deviceTree?.includes('kvm')) return 'kvm';
  if (signs.cpuFlag === true) return 'unknown';
  return signs.cpuFlag === false ? 'none' : undefined;
}
