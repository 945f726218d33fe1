import t from 'tap';
import { type Classified, classify, classOf } from '../../../agent/freezer/classes.ts';
import type { FileSystem } from '../../../agent/freezer/mounts.ts';
import { fakeSystem } from '../../fakes/system.ts';

const fileSystem = (differs: Partial<FileSystem>): FileSystem => ({
  id: '8:17',
  type: 'ext4',
  source: '/dev/sdb1',
  readOnly: false,
  mountPoint: '/mnt',
  mountPoints: ['/mnt'],
  hidden: false,
  ...differs,
});

type Class = Classified['class'];

/** Every type that DESIGN §4 names, and what else is met: type, source, class. */
const TYPES: readonly (readonly [type: string, source: string, is: Class])[] = [
  ['ext3', '/dev/sda1', 'freezable'],
  ['ext4', '/dev/mapper/vg-root', 'freezable'],
  ['xfs', '/dev/nvme0n1p1', 'freezable'],
  ['btrfs', '/dev/vda2', 'freezable'],
  ['f2fs', '/dev/mmcblk0p2', 'freezable'],
  ['nilfs2', '/dev/loop7', 'freezable'],

  ['vfat', '/dev/sda15', 'exempt'],
  ['msdos', '/dev/fd0', 'exempt'],
  ['exfat', '/dev/sdc1', 'exempt'],
  ['tmpfs', 'tmpfs', 'exempt'],
  ['ramfs', 'none', 'exempt'],
  ['devtmpfs', 'udev', 'exempt'],
  ['proc', 'proc', 'exempt'],
  ['sysfs', 'sysfs', 'exempt'],
  ['cgroup2', 'cgroup2', 'exempt'],
  ['hugetlbfs', 'hugetlbfs', 'exempt'],
  ['efivarfs', 'efivarfs', 'exempt'],
  ['fusectl', 'fusectl', 'exempt'],
  ['overlay', 'overlay', 'exempt'],
  ['autofs', 'systemd-1', 'exempt'],
  ['autofs', '/etc/auto.misc', 'exempt'],
  ['nfs', 'server:/export', 'exempt'],
  ['nfs4', '10.0.0.4:/', 'exempt'],
  ['cifs', '//server/share', 'exempt'],
  ['smb3', '//account.file.core.windows.net/share', 'exempt'],
  ['ceph', '10.0.0.1:6789:/', 'exempt'],
  ['9p', 'hostshare', 'exempt'],
  ['virtiofs', 'share', 'exempt'],
  ['lustre', '10.0.0.1@tcp:/fs', 'exempt'],
  ['fuse.sshfs', 'user@host:/', 'exempt'],
  ['fuse.blobfuse', 'blobfuse', 'exempt'],
  ['fuse.blobfuse2', 'blobfuse2', 'exempt'],
  ['fuse.rclone', 'remote:', 'exempt'],
  ['fuse.gvfsd-fuse', 'gvfsd-fuse', 'exempt'],
  ['fuse.portal', 'portal', 'exempt'],
  ['fuse.lxcfs', 'lxcfs', 'exempt'],
  ['fuse.snapfuse', 'snapfuse', 'exempt'],

  ['zfs', 'rpool/ROOT/ubuntu', 'unfreezable'],
  ['jfs', '/dev/sdd1', 'unfreezable'],
  ['reiserfs', '/dev/sdd1', 'unfreezable'],
  ['ntfs3', '/dev/sdd1', 'unfreezable'],
  ['ext2', '/dev/sdd1', 'unfreezable'],
  ['bcachefs', '/dev/sdd:/dev/sde', 'unfreezable'],
  ['fuseblk', '/dev/sdd1', 'unfreezable'],
  ['fuse', 'my-own', 'unfreezable'],
  ['fuse.ntfs-3g', '/dev/sdd1', 'unfreezable'],
  ['fuse.s3backer', 's3backer', 'unfreezable'],
  ['a-type-of-the-future', '/dev/sdd1', 'unfreezable'],
  ['a-type-of-the-future', 'none', 'exempt'],
];

t.test('every type has its class', async (t) => {
  for (const [type, source, is] of TYPES) {
    const found = classOf(fileSystem({ type, source }), false);
    t.equal(found.class, is, `${type} of ${source}: ${found.reason}`);
    t.not(found.reason, '', 'and says why');
  }
});

t.test('what is read-only is exempt, whatever it is', async (t) => {
  for (const [type, source] of [...TYPES, ['squashfs', '/dev/loop0'], ['iso9660', '/dev/sr0']] as const) {
    const found = classOf(fileSystem({ type, source, readOnly: true }), false);
    t.equal(found.class, 'exempt', `${type} of ${source}: ${found.reason}`);
  }
  t.equal(classOf(fileSystem({ type: 'squashfs', source: '/dev/loop0', readOnly: true }), false).reason, 'read-only');
});

t.test('a freezable one that no path leads to lowers the level: nothing can open it', async (t) => {
  t.match(classOf(fileSystem({ hidden: true }), false), { class: 'unfreezable', reason: /hidden/ });
  t.equal(classOf(fileSystem({ hidden: true, type: 'tmpfs', source: 'tmpfs' }), false).class, 'exempt');
  t.equal(classOf(fileSystem({ hidden: true, readOnly: true }), false).class, 'exempt');
});

t.test('the temporary disk is exempt, also where it could be frozen', async (t) => {
  for (const type of ['ext4', 'xfs', 'ntfs3', 'fuseblk']) {
    t.match(classOf(fileSystem({ type }), true), { class: 'exempt', reason: /temporary disk/ });
  }
});

const VMBUS = '/sys/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0004:00/VMBUS:00';

/** Where `/sys/dev/block/8:17` leads to, and whether that is the temporary disk. */
const DEVICES: Readonly<Record<string, readonly [link: string, temporary: boolean]>> = {
  'generation 1, the temporary disk': [
    `${VMBUS}/00000000-0001-8899-0000-000000000000/host1/target1:0:1/1:0:1:0/block/sdb/sdb1`,
    true,
  ],
  'generation 1, the disk of the system': [
    `${VMBUS}/00000000-0000-8899-0000-000000000000/host0/target0:0:0/0:0:0:0/block/sda/sda1`,
    false,
  ],
  'generation 2, the temporary disk': [
    `${VMBUS}/f8b3781a-1e82-4818-a1c3-63d806ec15bb/host0/target0:0:0/0:0:0:1/block/sdb/sdb1`,
    true,
  ],
  'generation 2, the disk of the system': [
    `${VMBUS}/f8b3781a-1e82-4818-a1c3-63d806ec15bb/host0/target0:0:0/0:0:0:0/block/sda/sda1`,
    false,
  ],
  'generation 2, a disk of data': [
    `${VMBUS}/f8b3781a-1e83-4818-a1c3-63d806ec15bb/host1/target1:0:0/1:0:0:1/block/sdc/sdc1`,
    false,
  ],
  'a disk of VMware': ['/sys/devices/pci0000:00/0000:00:10.0/host2/target2:0:1/2:0:1:0/block/sdb/sdb1', false],
  'a logical volume': ['/sys/devices/virtual/block/dm-0', false],
};

for (const [name, [link, temporary]] of Object.entries(DEVICES)) {
  t.test(`Azure, ${name}`, async (t) => {
    const system = fakeSystem({ files: { '/sys/dev/block/8:17': `-> ${link.replace('/sys', '../..')}` } });
    t.teardown(() => system.cleanUp());
    const [classified] = await classify(system, [fileSystem({})]);
    t.equal(classified?.class, temporary ? 'exempt' : 'freezable');
  });
}

t.test('a file system without a device is not looked for among them', async (t) => {
  const link = DEVICES['generation 1, the temporary disk']?.[0] ?? '';
  const system = fakeSystem({ files: { '/sys/dev/block/8:17': `-> ${link}` } });
  t.teardown(() => system.cleanUp());
  const [classified] = await classify(system, [fileSystem({ type: 'zfs', source: 'tank' })]);
  t.equal(classified?.class, 'unfreezable');
});
