/**
 * Machines for restore checks and repairs: the part of a root that they read, as each distribution's packages and
 * installer leave it. The texts are ours and short; nothing was copied from a running machine.
 */
import { type Files, type KernelNames, kernelFiles } from './kernels.ts';

export interface Machine {
  readonly name: string;
  readonly files: Files;
  /** The newest, which starts by default. */
  readonly kernel: KernelNames;
  /** A way to tie the network to one adapter that people use there, and what it becomes; texts of one file. */
  readonly pin: { readonly path: string; readonly pinned: string; readonly mended: string };
}

const MAC = '00:0d:3a:11:22:33';
const CONSOLES = 'console=tty0 console=ttyS0,115200n8';
const BOTH = '-> usr/lib';

/** SSH, somebody with a password, cloud-init, and the loader where the firmware looks: everywhere the same. */
const COMMON: Files = {
  '/lib': BOTH,
  '/usr/sbin/sshd': '',
  '/usr/sbin/hv_kvp_daemon': '',
  '/etc/systemd/system/multi-user.target.wants/sshd.service': '-> /usr/lib/systemd/system/sshd.service',
  '/etc/ssh/ssh_host_ed25519_key': 'key',
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\nann:x:1000:1000::/home/ann:/bin/bash\n',
  '/etc/shadow': 'root:!:19700::::::\nann:$6$salt$hash:19700:0:99999:7:::\n',
  '/etc/group': 'sudo:x:27:ann\nwheel:x:10:ann\n',
  '/boot/efi/EFI/BOOT/BOOTX64.EFI': 'loader',
  '/etc/modprobe.d/blacklist.conf': '# what nobody needs\nblacklist floppy\n',
};

const osRelease = (id: string, version: string, name: string): Files => ({
  '/etc/os-release': `ID=${id}\nVERSION_ID="${version}"\nPRETTY_NAME="${name}"\n`,
});

const menuEntry = ({ version, initramfs }: KernelNames, options: string, boot: string): string =>
  `menuentry 'Linux ${version}' --class os {\n\tlinux\t${boot}/vmlinuz-${version} ${options}\n\tinitrd\t${boot}${initramfs.slice('/boot'.length)}\n}\n`;

/** Debian and Ubuntu: initramfs-tools, GRUB with drop-ins. */
function debianLike(kernels: readonly KernelNames[], root: string): Files {
  const options = `root=${root} ro ${CONSOLES}`;
  return {
    ...Object.assign({}, ...kernels.map(kernelFiles)),
    '/boot/grub/grub.cfg': kernels.map((kernel) => menuEntry(kernel, options, '/boot')).join(''),
    '/etc/default/grub': `GRUB_DEFAULT=0\nGRUB_TIMEOUT=5\nGRUB_CMDLINE_LINUX="${CONSOLES}"\n`,
    '/etc/default/grub.d/init-select.cfg': '',
    '/usr/sbin/grub-mkconfig': '#!/bin/sh\nfor x in /etc/default/grub.d/*.cfg; do . "$x"; done\n',
    '/usr/sbin/mkinitramfs': '#!/bin/sh\n',
    '/etc/initramfs-tools/modules': '# List of modules that you want to include in your initramfs.\n',
  };
}

/** Red Hat's and its kin: dracut, entries in files of their own. */
function redHatLike(kernels: readonly KernelNames[], options: string, more: Files = {}): Files {
  const entry = ({ version, initramfs }: KernelNames): Files => ({
    [`/boot/loader/entries/0123-${version}.conf`]: `title Linux (${version})\nversion ${version}\nlinux /vmlinuz-${version}\ninitrd ${initramfs.slice('/boot'.length)} $tuned_initrd\noptions ${options}\ngrub_users $grub_users\n`,
  });
  return {
    ...Object.assign({}, ...kernels.map(kernelFiles), ...kernels.map(entry)),
    '/boot/grub2/grub.cfg': 'insmod blscfg\nblscfg\n',
    '/etc/default/grub': `GRUB_ENABLE_BLSCFG=true\nGRUB_CMDLINE_LINUX="${CONSOLES}"\n`,
    '/usr/sbin/grub2-mkconfig': '#!/bin/sh\n',
    '/usr/bin/dracut': '#!/bin/bash\n',
    ...more,
  };
}

/** SUSE's and Azure Linux: dracut, one configuration of GRUB. */
const mkconfigLike = (kernels: readonly KernelNames[], root: string): Files => ({
  ...Object.assign({}, ...kernels.map(kernelFiles)),
  '/boot/grub2/grub.cfg': kernels.map((kernel) => menuEntry(kernel, `root=${root} ro ${CONSOLES}`, '/boot')).join(''),
  '/etc/default/grub': `GRUB_DISTRIBUTOR=""\nGRUB_CMDLINE_LINUX="${CONSOLES}"`,
  '/usr/sbin/grub2-mkconfig': '#!/bin/sh\n',
  '/usr/bin/dracut': '#!/bin/bash\n',
});

const initrdImg = (version: string, end = '.ko'): KernelNames => ({
  version,
  initramfs: `/boot/initrd.img-${version}`,
  end,
});
const initramfsImg = (version: string): KernelNames => ({
  version,
  initramfs: `/boot/initramfs-${version}.img`,
  end: '.ko.xz',
});
const initrd = (version: string): KernelNames => ({ version, initramfs: `/boot/initrd-${version}`, end: '.ko.zst' });

const NETPLAN = (match: string) =>
  `network:\n  version: 2\n  ethernets:\n    eth0:  # to the gateway\n      dhcp4: true\n      match:\n        ${match}\n      set-name: eth0\n`;
const INTERFACES = (mac: string) =>
  `auto lo\niface lo inet loopback\n\nauto eth0\niface eth0 inet dhcp\n${mac}    mtu 1500\n`;
const KEYFILE = (mac: string) =>
  `[connection]\nid=eth0\ntype=ethernet\ninterface-name=eth0\n\n[ethernet]\n${mac}\n[ipv4]\nmethod=auto\n`;
const RULE = `SUBSYSTEM=="net", ACTION=="add", DRIVERS=="?*", ATTR{address}=="${MAC}", NAME="eth0"\n`;

const bookworm = initrdImg('6.1.0-18-cloud-amd64');
const bullseye = initrdImg('5.10.0-28-amd64');
const trixie = initrdImg('6.12.43+deb13-amd64', '.ko.xz');
const jammy = initrdImg('5.15.0-1059-generic');
const noble = initrdImg('6.8.0-1014-generic', '.ko.zst');
const rhel8 = initramfsImg('4.18.0-553.el8_10.x86_64');
const rhel9 = initramfsImg('5.14.0-427.13.1.el9_4.x86_64');
const oracle9 = initramfsImg('5.15.0-206.153.7.el9uek.x86_64');
const alma10 = initramfsImg('6.12.0-55.9.1.el10_0.x86_64');
const sles = initrd('6.4.0-150600.23.7-default');
const azureLinux = initramfsImg('6.6.92.2-2.azl3');

export const MACHINES: readonly Machine[] = [
  {
    name: 'debian-11 with ifupdown',
    kernel: bullseye,
    files: {
      ...COMMON,
      ...osRelease('debian', '11', 'Debian GNU/Linux 11 (bullseye)'),
      ...debianLike([bullseye, initrdImg('5.10.0-27-amd64')], 'UUID=aa-11'),
      '/etc/fstab':
        '# <file system> <mount point>   <type>  <options>       <dump>  <pass>\nUUID=aa-11 /               ext4    errors=remount-ro 0       1\n',
      '/etc/network/interfaces': INTERFACES(''),
    },
    pin: {
      path: '/etc/network/interfaces',
      pinned: INTERFACES(`    hwaddress ether ${MAC}\n`),
      mended: INTERFACES(''),
    },
  },
  {
    name: 'debian-12 of the gallery',
    kernel: bookworm,
    files: {
      ...COMMON,
      ...osRelease('debian', '12', 'Debian GNU/Linux 12 (bookworm)'),
      ...debianLike([bookworm], 'PARTUUID=1d-01'),
      '/etc/fstab':
        'PARTUUID=1d-01 / ext4 rw,discard,errors=remount-ro,x-systemd.growfs 0 1\nPARTUUID=1d-0f /boot/efi vfat defaults 0 0\n',
      '/etc/netplan/50-cloud-init.yaml': NETPLAN(`macaddress: "${MAC}"`),
      '/etc/cloud/cloud.cfg': 'datasource_list: [ Azure ]\n',
    },
    pin: { path: '/etc/netplan/01-own.yaml', pinned: NETPLAN(`macaddress: ${MAC}`), mended: NETPLAN('name: "e*"') },
  },
  {
    name: 'debian-13 with networkd',
    kernel: trixie,
    files: {
      ...COMMON,
      ...osRelease('debian', '13', 'Debian GNU/Linux 13 (trixie)'),
      ...debianLike([trixie], 'UUID=aa-13'),
      '/etc/fstab': 'UUID=aa-13\t/\text4\tdefaults\t0\t1\n',
      '/etc/systemd/network/10-eth.network': '[Match]\nName=eth0\n\n[Network]\nDHCP=yes\n',
    },
    pin: {
      path: '/etc/systemd/network/05-own.network',
      pinned: `[Match]\nMACAddress=${MAC}\n\n[Network]\nDHCP=yes\n`,
      mended: '[Match]\nName=e*\n\n[Network]\nDHCP=yes\n',
    },
  },
  {
    name: 'ubuntu-22.04',
    kernel: jammy,
    files: {
      ...COMMON,
      ...osRelease('ubuntu', '22.04', 'Ubuntu 22.04.4 LTS'),
      ...debianLike([jammy], 'PARTUUID=22-04'),
      '/etc/fstab':
        'LABEL=cloudimg-rootfs\t/\t ext4\tdiscard,errors=remount-ro\t0 1\nLABEL=UEFI\t/boot/efi\tvfat\tumask=0077\t0 1\n/dev/disk/cloud/azure_resource-part1\t/mnt\tauto\tdefaults,nofail,x-systemd.requires=cloud-init.service,_netdev,comment=cloudconfig\t0\t2\n',
      '/etc/netplan/01-netcfg.yaml': 'network:\n  ethernets:\n    eth0:\n      dhcp4: true\n',
    },
    pin: { path: '/etc/netplan/60-own.yaml', pinned: NETPLAN(`macaddress: '${MAC}'`), mended: NETPLAN('name: "e*"') },
  },
  {
    name: 'ubuntu-24.04',
    kernel: noble,
    files: {
      ...COMMON,
      ...osRelease('ubuntu', '24.04', 'Ubuntu 24.04.1 LTS'),
      ...debianLike([noble], 'PARTUUID=24-04'),
      '/etc/fstab':
        'LABEL=cloudimg-rootfs\t/\t ext4\tdiscard,commit=30,errors=remount-ro\t0 1\nLABEL=BOOT\t/boot\text4\tdefaults\t0 2\n',
      '/etc/netplan/50-cloud-init.yaml': NETPLAN(`macaddress: "${MAC}"`),
      '/etc/cloud/cloud.cfg': 'datasource_list:\n  - Azure\n',
    },
    pin: { path: '/etc/udev/rules.d/70-persistent-net.rules', pinned: `# written\n${RULE}`, mended: '# written\n' },
  },
  {
    name: 'rhel-8 with $kernelopts',
    kernel: rhel8,
    files: {
      ...COMMON,
      ...osRelease('rhel', '8.10', 'Red Hat Enterprise Linux 8.10 (Ootpa)'),
      ...redHatLike([rhel8, initramfsImg('4.18.0-513.el8.x86_64')], '$kernelopts $tuned_params', {
        '/boot/grub2/grubenv': `# GRUB Environment Block\nsaved_entry=0123-${rhel8.version}\nkernelopts=root=/dev/mapper/rootvg-rootlv ro ${CONSOLES} \n####\n`,
      }),
      '/etc/fstab':
        '/dev/mapper/rootvg-rootlv / xfs defaults 0 0\nUUID=b0-08 /boot xfs defaults 0 0\n/dev/mapper/rootvg-homelv /home xfs defaults 0 0\n',
      '/etc/sysconfig/network-scripts/ifcfg-eth0': 'DEVICE=eth0\nONBOOT=yes\nBOOTPROTO=dhcp\n',
    },
    pin: {
      path: '/etc/sysconfig/network-scripts/ifcfg-eth0',
      pinned: `ONBOOT=yes\nHWADDR=${MAC.toUpperCase()}\nBOOTPROTO=dhcp\n`,
      mended: 'ONBOOT=yes\nDEVICE=eth0\nBOOTPROTO=dhcp\n',
    },
  },
  {
    name: 'rhel-9',
    kernel: rhel9,
    files: {
      ...COMMON,
      ...osRelease('rhel', '9.4', 'Red Hat Enterprise Linux 9.4 (Plow)'),
      ...redHatLike([rhel9], `root=UUID=aa-09 ro ${CONSOLES}`, {
        '/etc/kernel/cmdline': `root=UUID=aa-09 ro ${CONSOLES}\n`,
      }),
      '/etc/fstab':
        'UUID=aa-09 / xfs defaults 0 0\nUUID=b0-09 /boot xfs defaults 0 0\nUUID=7B77-95E7 /boot/efi vfat umask=0077 0 2\n',
      '/etc/NetworkManager/system-connections/eth0.nmconnection': KEYFILE(''),
    },
    pin: {
      path: '/etc/NetworkManager/system-connections/eth0.nmconnection',
      pinned: KEYFILE(`mac-address=${MAC}\n`),
      mended: KEYFILE(''),
    },
  },
  {
    name: 'oracle-9 with its own kernel',
    kernel: oracle9,
    files: {
      ...COMMON,
      ...osRelease('ol', '9.4', 'Oracle Linux Server 9.4'),
      ...redHatLike([oracle9], `root=/dev/mapper/ol-root ro ${CONSOLES}`),
      '/etc/fstab':
        '/dev/mapper/ol-root     /                       xfs     defaults        0 0\nUUID=b0-90 /boot                   xfs     defaults        0 0\n',
      '/etc/NetworkManager/system-connections/eth0.nmconnection': KEYFILE(''),
    },
    pin: { path: '/etc/udev/rules.d/70-persistent-net.rules', pinned: RULE, mended: '' },
  },
  {
    name: 'almalinux-10',
    kernel: alma10,
    files: {
      ...COMMON,
      ...osRelease('almalinux', '10.0', 'AlmaLinux 10.0 (Purple Lion)'),
      ...redHatLike([alma10], `root=UUID=aa-10 ro ${CONSOLES}`, {
        '/etc/kernel/cmdline': `root=UUID=aa-10 ro ${CONSOLES}`,
      }),
      '/etc/fstab': 'UUID=aa-10 / xfs defaults 0 0\n',
      '/etc/NetworkManager/system-connections/own.nmconnection': KEYFILE(''),
    },
    pin: {
      path: '/etc/NetworkManager/system-connections/own.nmconnection',
      pinned: KEYFILE(`cloned-mac-address=${MAC}\nmac-address=${MAC}\n`),
      mended: KEYFILE(''),
    },
  },
  {
    name: 'sles-15',
    kernel: sles,
    files: {
      ...COMMON,
      ...osRelease('sles', '15.6', 'SUSE Linux Enterprise Server 15 SP6'),
      ...mkconfigLike([sles], 'UUID=aa-15'),
      '/etc/fstab':
        'UUID=aa-15 / btrfs defaults 0 0\nUUID=aa-15 /srv btrfs subvol=/@/srv 0 0\nUUID=3C5F-1D2A /boot/efi vfat defaults 0 2\n',
      '/etc/sysconfig/network/ifcfg-eth0': "BOOTPROTO='dhcp'\nSTARTMODE='auto'\n",
    },
    pin: {
      path: '/etc/sysconfig/network/ifcfg-eth0',
      pinned: `BOOTPROTO='dhcp'\nLLADDR='${MAC}'\nSTARTMODE='auto'\n`,
      mended: "BOOTPROTO='dhcp'\nDEVICE=eth0\nSTARTMODE='auto'\n",
    },
  },
  {
    name: 'azure-linux-3',
    kernel: azureLinux,
    files: {
      ...COMMON,
      ...osRelease('azurelinux', '3.0', 'Microsoft Azure Linux 3.0'),
      ...mkconfigLike([azureLinux], 'PARTUUID=a3-02'),
      '/etc/fstab': 'PARTUUID=a3-02 / ext4 defaults 1 1\nPARTUUID=a3-01 /boot/efi vfat umask=0077 0 2',
      '/etc/systemd/network/99-dhcp-en.network': '[Match]\nName=e*\n\n[Network]\nDHCP=yes\n',
    },
    pin: {
      path: '/etc/systemd/network/10-own.network',
      pinned: `[Match]\nName=eth0\nPermanentMACAddress=${MAC}\n\n[Network]\nDHCP=yes\n`,
      mended: '[Match]\nName=eth0\n\n[Network]\nDHCP=yes\n',
    },
  },
];
