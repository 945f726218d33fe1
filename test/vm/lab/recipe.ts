/** What the machine of the tests is made of. A change here makes another image (`image.ts`). */

export const SUITE = 'bookworm';

/** Those that the package of ours needs, or the scenarios; without man pages and translations. */
export const PACKAGES = [
  'systemd',
  'systemd-sysv',
  'udev',
  'dbus',
  'apt',
  'e2fsprogs',
  'xfsprogs',
  'btrfs-progs',
  'lvm2',
  'mount',
  'util-linux',
  'procps',
  'kmod',
  'iproute2',
  'initramfs-tools',
  'zstd',
  'linux-image-cloud-amd64',
  // The one of cloud machines boots quicker, but has NVMe built in: this is the one that must be told to bring it along.
  'linux-image-amd64',
  'qemu-guest-agent',
  'libstdc++6',
  'python3-minimal',
];

/** What the machine of some scenarios has besides: another machine, so that the others need not wait for its making. */
export interface Extra {
  readonly packages: readonly string[];
  /** Units that a scenario starts in its own way, or not at all. */
  readonly masked: readonly string[];
}
export const PLAIN: Extra = { packages: [], masked: [] };
export const DATABASES: Extra = {
  packages: ['postgresql', 'mariadb-server'],
  masked: ['postgresql.service', 'mariadb.service'],
};

export const LEFT_OUT = ['/usr/share/man/*', '/usr/share/doc/*', '/usr/share/locale/*'];

/** Bytes of each disk; all are sparse. */
export const DISKS = { root: 3 * 1024 ** 3, xfs: 512 * 1024 ** 2, btrfs: 256 * 1024 ** 2, lvm: 512 * 1024 ** 2 };
export type Disk = keyof typeof DISKS;

/** The root file system and one of each kind, on disks of their own. */
export const MOUNTS = ['/', '/data/xfs', '/data/btrfs', '/data/lvm'] as const;

/** By the serial number that QEMU gives it: the kernel's names change from boot to boot. */
const device = (disk: Disk): string => `"$(lsblk -dnro PATH,SERIAL | sed -n 's/ ${disk}$//p')"`;

/** Run once inside, where device mapper is the machine's own. */
export const FORM_DISKS = [
  'udevadm settle',
  `mkfs.xfs -q -L xfs ${device('xfs')}`,
  `mkfs.btrfs -q -L btrfs ${device('btrfs')}`,
  `pvcreate -q ${device('lvm')}`,
  `vgcreate -q lab ${device('lvm')}`,
  // Half of it, so that a scenario can take an LVM snapshot.
  'lvcreate -q -y -L 240M -n data lab',
  'mkfs.ext4 -q -L lvm -E lazy_itable_init=0,lazy_journal_init=0 /dev/lab/data',
  'udevadm settle',
  'systemctl daemon-reload',
  'mount --all',
  ...MOUNTS.map((mountPoint) => `mountpoint -q ${mountPoint}`),
];

/** The agent of the tests gets a tmpfs: what is on the root file system cannot be read while it is frozen and dirty. */
export const LAB = '/lab';
export const AGENT_PORT = 'org.quiesced.lab';

const NOFAIL = 'nofail,x-systemd.device-timeout=60s';

export const FILES: Readonly<Record<string, string>> = {
  '/etc/hostname': 'lab\n',
  '/etc/fstab': [
    'LABEL=root  /           ext4   rw,relatime,errors=remount-ro  0 1',
    `LABEL=xfs   /data/xfs   xfs    ${NOFAIL}  0 0`,
    `LABEL=btrfs /data/btrfs btrfs  ${NOFAIL}  0 0`,
    `LABEL=lvm   /data/lvm   ext4   ${NOFAIL}  0 2`,
    `tmpfs       ${LAB}        tmpfs  mode=0755,size=64M  0 0`,
    '',
  ].join('\n'),
  // On the root file system, so that it is frozen with it.
  '/etc/systemd/journald.conf.d/lab.conf': '[Journal]\nStorage=persistent\n',
  // What udev loads for devices that nobody uses here, at a second each under emulation.
  '/etc/modprobe.d/lab.conf': ['sg', 'evdev', 'serio_raw', 'button', 'efi_pstore', 'qemu_fw_cfg', 'binfmt_misc']
    .map((module) => `blacklist ${module}\n`)
    .join(''),
  '/etc/systemd/system/lab-agent.service': [
    '[Unit]',
    'Description=Agent of the tests',
    'RequiresMountsFor=/lab',
    '',
    '[Service]',
    `ExecStartPre=/bin/cp /opt/lab/agent ${LAB}/agent`,
    `ExecStart=${LAB}/agent /dev/virtio-ports/${AGENT_PORT} ${MOUNTS.join(' ')}`,
    'OOMScoreAdjust=-1000',
    'Restart=always',
    'RestartSec=1',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ].join('\n'),
};

/** Nobody logs in, and nothing may run in the background of a measurement. */
export const MASKED = [
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'e2scrub_reap.service',
  'fstrim.timer',
  'serial-getty@ttyS0.service',
  'getty@tty1.service',
  'proc-sys-fs-binfmt_misc.automount',
  'systemd-binfmt.service',
  'lvm2-monitor.service',
  'systemd-pstore.service',
];

/** `list`: the few modules that find the disks; the boot is quicker by it. */
export const INITRAMFS =
  'd="$1/etc/initramfs-tools"; mkdir -p "$d/conf.d"; printf "MODULES=list\\nCOMPRESS=zstd\\n" >"$d/conf.d/lab"; ' +
  'printf "virtio_pci\\nvirtio_blk\\next4\\nvirtio_scsi\\nsd_mod\\n" >"$d/modules"; chroot "$1" update-initramfs -u -k all';

/** Part of the kernel's command line, in every boot. */
export const CMDLINE = 'console=ttyS0 root=LABEL=root rw systemd.show_status=0 quiet loglevel=4 mitigations=off';
