import { archiveOf, modulePaths } from '../../fixtures/initramfs.ts';

type Files = Readonly<Record<string, string>>;

export const KERNEL = '6.1.0-18-cloud-amd64';
export const OLDER = '6.1.0-17-cloud-amd64';
const DRIVERS = ['hv_vmbus', 'hv_storvsc', 'hv_netvsc', 'nvme', 'pci-hyperv', 'scsi_transport_fc'];

/** What a kernel package of Debian puts into /boot and /lib/modules. */
export const kernelFiles = (version: string, inImage: readonly string[] = DRIVERS): Files => ({
  [`/boot/vmlinuz-${version}`]: 'kernel',
  [`/boot/initrd.img-${version}`]: archiveOf(modulePaths(version, inImage)),
  [`/lib/modules/${version}/modules.builtin`]: 'kernel/fs/fat/vfat.ko\nkernel/drivers/scsi/sd_mod.ko\n',
  [`/lib/modules/${version}/modules.dep`]: [
    'kernel/drivers/hv/hv_vmbus.ko:',
    'kernel/drivers/scsi/hv_storvsc.ko: kernel/drivers/scsi/scsi_transport_fc.ko kernel/drivers/hv/hv_vmbus.ko',
    'kernel/drivers/net/hyperv/hv_netvsc.ko: kernel/drivers/hv/hv_vmbus.ko',
    'kernel/drivers/pci/controller/pci-hyperv.ko: kernel/drivers/hv/hv_vmbus.ko',
    'kernel/drivers/nvme/host/nvme.ko:',
    'kernel/fs/udf/udf.ko:',
    '',
  ].join('\n'),
});

export const OPTIONS = 'root=PARTUUID=1d-01 ro console=tty0 console=ttyS0,115200n8 earlyprintk=ttyS0';

/** A part of what grub-mkconfig writes. */
export const grubConfig = (options: string, versions: readonly string[] = [KERNEL, OLDER]): string =>
  versions
    .map(
      (version) =>
        `menuentry 'Debian GNU/Linux, with Linux ${version}' --class debian $menuentry_id_option 'gnulinux-${version}' {\n` +
        `\tlinux\t/boot/vmlinuz-${version} ${options}\n\tinitrd\t/boot/initrd.img-${version}\n}\n`,
    )
    .join('');

export const BOOT: Files = {
  ...kernelFiles(KERNEL),
  ...kernelFiles(OLDER),
  '/boot/grub/grub.cfg': grubConfig(OPTIONS),
  '/boot/grub/grubenv': '# GRUB Environment Block\n#####\n',
  '/boot/efi/EFI/BOOT/BOOTX64.EFI': 'loader',
  '/boot/efi/EFI/debian/grubx64.efi': 'loader',
  '/etc/modprobe.d/fbdev-blacklist.conf': 'blacklist cirrusfb\n',
  '/usr/sbin/sshd': '',
  '/usr/sbin/hv_kvp_daemon': '',
  '/etc/systemd/system/multi-user.target.wants/ssh.service': '-> /lib/systemd/system/ssh.service',
  '/etc/ssh/ssh_host_ed25519_key': 'key',
  '/etc/cloud/cloud.cfg': 'datasource_list: [ Azure ]\n',
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\nann:x:1000:1000::/home/ann:/bin/bash\n',
  '/etc/shadow': 'root:*:19700:0:99999:7:::\nann:$y$j9T$hash:19700:0:99999:7:::\n',
  '/etc/group': 'sudo:x:27:ann\n',
};
