/** Kernels as packages leave them: what all the systems here have in common, whatever their names for it. */
import { archiveOf, MICROCODE, modulePaths } from '../../fixtures/initramfs.ts';

export type Files = Readonly<Record<string, string>>;

export const DRIVERS = ['hv_vmbus', 'hv_storvsc', 'hv_netvsc', 'nvme', 'pci-hyperv', 'scsi_transport_fc'];
const FOREIGN = ['virtio_blk', 'virtio_scsi', 'vmw_pvscsi'];

/** How one distribution names things. */
export interface KernelNames {
  readonly version: string;
  /** The path of its initramfs. */
  readonly initramfs: string;
  /** `.ko.xz`, or another end of the names of modules. */
  readonly end: string;
}

/** An image with or without what Azure's hosts need, behind microcode as most tools put it. */
export const imageOf = ({ version, end }: KernelNames, modules: readonly string[] = DRIVERS): string =>
  MICROCODE + archiveOf(['init', ...modulePaths(version, modules, end)]);

/** The same as a machine on another hypervisor would have it. */
export const foreignImageOf = (names: KernelNames): string => imageOf(names, FOREIGN);

export function kernelFiles(names: KernelNames): Files {
  const { version, initramfs, end } = names;
  const dep = (path: string, ...needs: readonly string[]) =>
    `kernel/drivers/${path}${end}:${needs.map((need) => ` kernel/drivers/${need}${end}`).join('')}\n`;
  return {
    [`/boot/vmlinuz-${version}`]: `kernel ${version}`,
    [initramfs]: imageOf(names),
    [`/usr/lib/modules/${version}/modules.builtin`]: 'kernel/fs/fat/vfat.ko\nkernel/fs/fat/fat.ko\n',
    [`/usr/lib/modules/${version}/modules.dep`]: [
      dep('hv/hv_vmbus'),
      dep('scsi/hv_storvsc', 'scsi/scsi_transport_fc', 'hv/hv_vmbus'),
      dep('scsi/scsi_transport_fc'),
      dep('net/hyperv/hv_netvsc', 'hv/hv_vmbus'),
      dep('pci/controller/pci-hyperv', 'hv/hv_vmbus'),
      dep('nvme/host/nvme'),
      dep('udf/udf'),
    ].join(''),
  };
}
