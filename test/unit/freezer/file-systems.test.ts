import t from 'tap';
import { type FileSystem, fileSystemsOf, parseMountinfo } from '../../../agent/freezer/mounts.ts';

interface Case {
  readonly mountinfo: string;
  /** In their order; what is not named here is not compared. */
  readonly found: readonly (Partial<FileSystem> & { readonly id: string })[];
}

const ROOT = '22 1 8:1 / / rw - ext4 /dev/sda1 rw';

const CASES: Readonly<Record<string, Case>> = {
  'a disk': {
    mountinfo: ROOT,
    found: [
      {
        id: '8:1',
        type: 'ext4',
        source: '/dev/sda1',
        readOnly: false,
        mountPoint: '/',
        mountPoints: ['/'],
        hidden: false,
      },
    ],
  },
  'read-only by its super options': {
    mountinfo: '22 1 8:1 / / rw - ext4 /dev/sda1 ro,errors=remount-ro',
    found: [{ id: '8:1', readOnly: true }],
  },
  'one mount of it is read-only, which does not count': {
    mountinfo: '22 1 8:1 / / ro,relatime - ext4 /dev/sda1 rw,errors=remount-ro',
    found: [{ id: '8:1', readOnly: false }],
  },
  'bind mounts of a folder and of a file': {
    mountinfo: `${ROOT}\n40 22 8:1 /srv/www /var/www rw - ext4 /dev/sda1 rw\n41 22 8:1 /etc/hosts /c/hosts rw - ext4 /dev/sda1 rw`,
    found: [{ id: '8:1', mountPoint: '/', mountPoints: ['/', '/var/www', '/c/hosts'] }],
  },
  'the whole of it goes before a part, also when the part came first and is shorter': {
    mountinfo: `${ROOT}\n40 22 8:2 /a/b /b rw - xfs /dev/sdb1 rw\n41 22 8:2 / /mnt/data rw - xfs /dev/sdb1 rw`,
    found: [{ id: '8:1' }, { id: '8:2', mountPoint: '/mnt/data', mountPoints: ['/mnt/data', '/b'] }],
  },
  'mounted twice': {
    mountinfo: `${ROOT}\n40 22 8:2 / /long/path rw - xfs /dev/sdb1 rw\n41 22 8:2 / /short rw - xfs /dev/sdb1 rw`,
    found: [{ id: '8:1' }, { id: '8:2', mountPoint: '/short', mountPoints: ['/short', '/long/path'] }],
  },
  'twice at the same place': {
    mountinfo: `${ROOT}\n40 22 8:2 / /d rw - xfs /dev/sdb1 rw\n41 40 8:2 / /d rw - xfs /dev/sdb1 rw`,
    found: [{ id: '8:1' }, { id: '8:2', mountPoints: ['/d'], hidden: false }],
  },
  'subvolumes of a btrfs, which has no major number': {
    mountinfo: [
      '22 1 0:31 /@ / rw - btrfs /dev/vda2 rw,subvolid=256,subvol=/@',
      '40 22 0:31 /@home /home rw - btrfs /dev/vda2 rw,subvolid=257,subvol=/@home',
      '41 22 0:31 / /mnt/top rw - btrfs /dev/vda2 rw,subvolid=5,subvol=/',
    ].join('\n'),
    found: [{ id: '0:31', type: 'btrfs', mountPoint: '/mnt/top', mountPoints: ['/mnt/top', '/', '/home'] }],
  },
  'another one over it': {
    mountinfo: `${ROOT}\n40 22 8:2 / /d rw - ext4 /dev/sdb1 rw\n41 40 8:3 / /d rw - xfs /dev/sdc1 rw`,
    found: [{ id: '8:1' }, { id: '8:2', hidden: true, mountPoint: '/d' }, { id: '8:3', hidden: false }],
  },
  'another one over it, but it is seen elsewhere': {
    mountinfo: [
      ROOT,
      '40 22 8:2 / /d rw - ext4 /dev/sdb1 rw',
      '41 40 8:3 / /d rw - xfs /dev/sdc1 rw',
      '42 22 8:2 / /elsewhere rw - ext4 /dev/sdb1 rw',
    ].join('\n'),
    found: [{ id: '8:1' }, { id: '8:2', hidden: false, mountPoints: ['/elsewhere'] }, { id: '8:3', hidden: false }],
  },
  'a folder on the way to it is mounted over': {
    mountinfo: `${ROOT}\n40 22 8:2 / /a/b rw - ext4 /dev/sdb1 rw\n41 22 8:3 / /a rw - xfs /dev/sdc1 rw`,
    found: [{ id: '8:1' }, { id: '8:2', hidden: true }, { id: '8:3', hidden: false }],
  },
  'mounted after the folder on the way was mounted over': {
    mountinfo: `${ROOT}\n41 22 8:3 / /a rw - xfs /dev/sdc1 rw\n42 41 8:2 / /a/b rw - ext4 /dev/sdb1 rw`,
    found: [{ id: '8:1' }, { id: '8:3', hidden: false }, { id: '8:2', hidden: false }],
  },
  'what hangs on a hidden one is hidden too': {
    mountinfo: [
      ROOT,
      '40 22 8:2 / /d rw - ext4 /dev/sdb1 rw',
      '43 40 8:4 / /d/deep rw - ext4 /dev/sdd1 rw',
      '41 40 8:3 / /d rw - xfs /dev/sdc1 rw',
    ].join('\n'),
    found: [{ id: '8:1' }, { id: '8:2', hidden: true }, { id: '8:4', hidden: true }, { id: '8:3', hidden: false }],
  },
  'an automount that has been triggered': {
    mountinfo: `${ROOT}\n40 22 0:40 / /data rw - autofs systemd-1 rw,fd=40\n41 40 8:2 / /data rw - ext4 /dev/sdb1 rw`,
    found: [{ id: '8:1' }, { id: '0:40', hidden: true }, { id: '8:2', hidden: false }],
  },
  'a root over the root, as from an initramfs': {
    mountinfo:
      '1 1 0:2 / / rw - rootfs rootfs rw\n22 1 8:1 / / rw - ext4 /dev/sda1 rw\n40 22 8:2 / /d rw - xfs /dev/sdb1 rw',
    found: [
      { id: '0:2', hidden: true },
      { id: '8:1', hidden: false },
      { id: '8:2', hidden: false },
    ],
  },
  'a sibling whose name begins alike does not hide': {
    mountinfo: `${ROOT}\n40 22 8:2 / /data2/x rw - ext4 /dev/sdb1 rw\n41 22 8:3 / /data rw - xfs /dev/sdc1 rw`,
    found: [{ id: '8:1' }, { id: '8:2', hidden: false }, { id: '8:3', hidden: false }],
  },
  'a parent that is not in the table, as in a container': {
    mountinfo: '40 7 8:2 / / rw - ext4 /dev/sdb1 rw\n41 40 8:3 / /d rw - xfs /dev/sdc1 rw',
    found: [
      { id: '8:2', hidden: false },
      { id: '8:3', hidden: false },
    ],
  },
};

for (const [name, { mountinfo, found }] of Object.entries(CASES)) {
  t.test(name, async (t) => {
    const fileSystems = fileSystemsOf(parseMountinfo(mountinfo));
    t.strictSame(
      fileSystems.map(({ id }) => id),
      found.map(({ id }) => id),
    );
    for (const [index, wanted] of found.entries()) t.match(fileSystems[index], wanted);
    // `match` takes an array that is longer for a match.
    for (const [index, { mountPoints }] of found.entries()) {
      if (mountPoints !== undefined) t.strictSame(fileSystems[index]?.mountPoints, mountPoints);
    }
  });
}
