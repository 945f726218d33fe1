import { archiveOf, MICROCODE, modulePaths } from '../../fixtures/initramfs.ts';
import { BOOT, grubConfig, KERNEL, kernelFiles, OLDER, OPTIONS } from './boot-files.ts';
import { imdsAnswer } from './healthy-machine.ts';
import { type Fault, files, programs } from './planted-fault.ts';

const FSTAB = 'PARTUUID=1d-01 / ext4 rw,discard,errors=remount-ro 0 1\n';
const IMAGE = `/boot/initrd.img-${OLDER}`;
const FSTAB_LINKS = { '/dev/disk/by-uuid/ab': '', '/dev/disk/by-partuuid/1d-01': '' };

/** What would keep a machine that is made of these disks from coming up, or people from getting into it. */
export const BOOT_FAULTS: readonly Fault[] = [
  {
    name: 'an older kernel with drivers for another hypervisor alone',
    plant: files(kernelFiles(OLDER, ['virtio_blk', 'virtio_scsi'])),
    found: 'boot.hyperv-initramfs',
    verdict: 'fail',
    detail: /6\.1\.0-17-cloud-amd64: its initramfs lacks hv_vmbus, hv_storvsc/,
  },
  {
    name: 'a driver without the module that it needs',
    plant: files(kernelFiles(OLDER, ['hv_vmbus', 'hv_storvsc', 'nvme', 'pci-hyperv'])),
    found: 'boot.hyperv-initramfs',
    verdict: 'fail',
    detail: /lacks scsi_transport_fc/,
  },
  {
    name: 'modules of another kernel behind the microcode',
    plant: files({ [IMAGE]: MICROCODE + archiveOf(modulePaths(KERNEL, ['hv_vmbus', 'hv_storvsc'])) }),
    found: 'boot.hyperv-initramfs',
    verdict: 'fail',
    detail: /lacks hv_vmbus/,
  },
  {
    name: 'an initramfs that was cut off',
    plant: files({ [IMAGE]: (BOOT[IMAGE] ?? '').slice(0, 700) }),
    found: 'boot.hyperv-initramfs',
    verdict: 'fail',
    detail: /cannot be read: it ends within its contents/,
  },
  {
    name: 'the kernel that runs, without them',
    plant: files(kernelFiles(KERNEL, [])),
    found: 'boot.hyperv-initramfs',
    verdict: 'warn',
    detail: /it runs here all the same/,
  },
  {
    name: 'a driver that may not be loaded',
    plant: files({ '/etc/modprobe.d/hardening.conf': '# no\nblacklist hv-storvsc\n' }),
    found: 'boot.hyperv-initramfs',
    verdict: 'fail',
    detail: /hardening\.conf:2 keeps hv_storvsc/,
  },
  {
    name: 'a kernel that was built without',
    plant: files({ [`/lib/modules/${OLDER}/modules.dep`]: 'kernel/fs/udf/udf.ko:\n' }),
    found: 'boot.hyperv-initramfs',
    verdict: 'fail',
    detail: /was built without hv_vmbus, hv_storvsc, hv_netvsc/,
  },
  {
    name: 'no drivers for NVMe at boot',
    plant: files(kernelFiles(OLDER, ['hv_vmbus', 'hv_storvsc', 'scsi_transport_fc'])),
    found: 'boot.hyperv-initramfs',
    verdict: 'info',
    detail: /not for sizes whose disks are NVMe only/,
  },
  {
    name: 'a default entry whose kernel is gone',
    plant: files({ '/boot/grub/grub.cfg': grubConfig(OPTIONS, ['6.1.0-99-amd64', KERNEL]) }),
    found: 'boot.default-kernel',
    verdict: 'fail',
    detail: /vmlinuz-6\.1\.0-99-amd64 is not there/,
  },
  {
    name: 'another entry without its initramfs',
    plant: files({ '/boot/grub/grub.cfg': grubConfig(OPTIONS, [KERNEL, '6.1.0-16-cloud-amd64']) }),
    found: 'boot.default-kernel',
    verdict: 'warn',
    detail: /6\.1\.0-16/,
  },
  {
    name: 'a root by the order of disks',
    plant: files({ '/boot/grub/grub.cfg': grubConfig(OPTIONS.replace('PARTUUID=1d-01', '/dev/sda1')) }),
    found: 'boot.grub-root',
    verdict: 'warn',
    detail: /root=\/dev\/sda1/,
  },
  {
    name: 'a loader that the firmware has to remember',
    plant: { files: { '/boot/efi/EFI/BOOT/BOOTX64.EFI': undefined } },
    found: 'boot.grub-root',
    verdict: 'warn',
    detail: /no loader at EFI\/BOOT/,
  },
  {
    name: 'a data disk by its order',
    plant: files({ '/etc/fstab': `${FSTAB}/dev/sdc1 /data xfs defaults,nofail 0 2\n` }),
    found: 'boot.fstab',
    verdict: 'fail',
    detail: /\/data on \/dev\/sdc1/,
  },
  {
    name: 'a system disk by its order',
    plant: files({ '/etc/fstab': '/dev/sda1 / ext4 defaults 0 1\n' }),
    found: 'boot.fstab',
    verdict: 'warn',
    detail: /\/ on \/dev\/sda1/,
  },
  {
    name: 'a data disk that the boot waits for',
    plant: files({ '/etc/fstab': `${FSTAB}UUID=ab /data xfs defaults 0 2\n` }),
    found: 'boot.fstab',
    verdict: 'warn',
    detail: /\/data on UUID=ab has no nofail/,
  },
  {
    name: 'a disk that is gone already',
    plant: files({ ...FSTAB_LINKS, '/etc/fstab': `${FSTAB}UUID=cd /data xfs defaults 0 2\n` }),
    found: 'boot.fstab',
    verdict: 'fail',
    detail: /in vain: \/data on UUID=cd/,
  },
  {
    name: 'swap on the disk of the system',
    plant: files({ '/etc/fstab': `${FSTAB}UUID=sw none swap sw 0 0\n` }),
    found: 'boot.swap-osdisk',
    verdict: 'warn',
    detail: /swap on UUID=sw/,
  },
  {
    name: 'a system on a volume group',
    plant: files({
      '/etc/fstab': '/dev/mapper/rhel-root / xfs defaults 0 0\n/dev/mapper/rhel-srv /srv xfs defaults 0 0\n',
    }),
    found: 'boot.lvm-names',
    verdict: 'info',
    detail: /volume group rhel:/,
  },
  {
    name: 'udf forbidden, as a hardening guide has it',
    plant: files({ '/etc/modprobe.d/cis.conf': 'install cramfs /bin/true\ninstall udf /bin/true\n' }),
    found: 'boot.udf-vfat',
    verdict: 'fail',
    detail: /udf by \/etc\/modprobe\.d\/cis\.conf:2/,
  },
  {
    name: 'a kernel without udf',
    plant: files({
      [`/lib/modules/${OLDER}/modules.dep`]: (BOOT[`/lib/modules/${OLDER}/modules.dep`] ?? '').replace(/.*udf.*\n/, ''),
    }),
    found: 'boot.udf-vfat',
    verdict: 'warn',
    detail: /6\.1\.0-17-cloud-amd64: udf/,
  },
  {
    name: 'no serial console',
    plant: files({ '/boot/grub/grub.cfg': grubConfig('root=PARTUUID=1d-01 ro') }),
    found: 'boot.serial-console',
    verdict: 'warn',
    detail: /without console=ttyS0/,
  },
  {
    name: 'a serial console that lets nobody in',
    plant: files({ '/etc/systemd/system/serial-getty@ttyS0.service': '-> /dev/null' }),
    found: 'boot.serial-console',
    verdict: 'warn',
    detail: /masked/,
  },
  {
    name: 'a boot that says nothing',
    plant: files({ '/boot/grub/grub.cfg': grubConfig(`${OPTIONS} quiet`) }),
    found: 'boot.cmdline-noise',
    verdict: 'info',
    detail: /quiet/,
  },
  {
    name: 'a connection for one adapter',
    plant: files({
      '/etc/NetworkManager/system-connections/eth0.nmconnection':
        '[connection]\nid=eth0\n\n[ethernet]\nmac-address=00:0D:3A:11:22:33\n\n[ipv4]\nmethod=auto\n',
    }),
    found: 'net.dhcp-restored',
    verdict: 'fail',
    detail: /eth0\.nmconnection:5 mac-address=/,
  },
  {
    name: 'names that are written down',
    plant: files({ '/lib/udev/rules.d/75-persistent-net-generator.rules': '# x\n' }),
    found: 'net.ifnames',
    verdict: 'info',
    detail: /75-persistent-net-generator/,
  },
  {
    name: 'no SSH server',
    plant: { files: { '/usr/sbin/sshd': undefined } },
    found: 'access.ssh',
    verdict: 'fail',
    detail: /no SSH server/,
  },
  {
    name: 'an SSH server that is not started',
    plant: { files: { '/etc/systemd/system/multi-user.target.wants/ssh.service': undefined } },
    found: 'access.ssh',
    verdict: 'fail',
    detail: /not started at boot/,
  },
  {
    name: 'a wrong sshd_config',
    plant: programs({ '/usr/sbin/sshd': { exitCode: 255, stderr: 'line 3: Bad configuration option: PermitRoot\n' } }),
    found: 'access.ssh',
    verdict: 'fail',
    detail: /Bad configuration option/,
  },
  {
    name: 'nobody with a password',
    plant: files({ '/etc/shadow': 'root:!:19700::::::\nann:!:19700::::::\n' }),
    found: 'access.serial-login',
    verdict: 'warn',
    detail: /no administrator has a password/,
  },
  {
    name: 'cloud-init for another cloud',
    plant: files({ '/etc/cloud/cloud.cfg.d/99-source.cfg': 'datasource_list: [ Ec2, None ]\n' }),
    found: 'agent.provisioning',
    verdict: 'info',
    detail: /looks for Ec2, None only/,
  },
  {
    name: 'no daemons of Hyper-V',
    plant: { files: { '/usr/sbin/hv_kvp_daemon': undefined } },
    found: 'hv.daemons',
    verdict: 'info',
    detail: /not installed/,
  },
  {
    name: "a marketplace's plan",
    plant: { imds: imdsAnswer({ plan: { name: 'hardened-9', product: 'p', publisher: 'x' } }) },
    found: 'restore.marketplace-plan',
    verdict: 'info',
    detail: /hardened-9/,
  },
];
