import t from 'tap';
import { fileSystemsOn, lunOf } from '../../../../extensions/azure/handler/luns.ts';
import { OS_DISK_LUN } from '../../../../extensions/azure/settings.ts';
import { fakeSystem } from '../../../fakes/system.ts';

const VMBUS = '../../devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0004:00/VMBUS:00';
/** `lun`, on the controller of the data disks or another one. */
const scsi = (controller: string, lun: number, name: string): string =>
  `${VMBUS}/${controller}/host1/target1:0:0/1:0:0:${lun}/block/${name}`;
const DATA = 'f8b3781b-1e82-4818-a1c3-63d806ec15bb';
const SYSTEM = 'f8b3781a-1e82-4818-a1c3-63d806ec15bb';
const IDE = '00000000-0000-8899-0000-000000000000';

t.test('which disk of the machine a device is', async (t) => {
  t.equal(lunOf({ name: 'sdc', path: scsi(DATA, 0, 'sdc') }), 0);
  t.equal(lunOf({ name: 'sdz', path: scsi(DATA, 31, 'sdz') }), 31);
  t.equal(lunOf({ name: 'sda', path: scsi(SYSTEM, 0, 'sda') }), OS_DISK_LUN);
  t.equal(lunOf({ name: 'sdb', path: scsi(SYSTEM, 1, 'sdb') }), undefined, 'the temporary one is in no list');
  t.equal(lunOf({ name: 'sda', path: scsi(IDE, 0, 'sda') }), OS_DISK_LUN, 'generation 1');
  t.equal(lunOf({ name: 'nvme0n1', path: '' }), OS_DISK_LUN);
  t.equal(lunOf({ name: 'nvme0n2', path: '' }), 0);
  t.equal(lunOf({ name: 'nvme1n5', path: '' }), 3);
  t.equal(lunOf({ name: 'sda', path: '../../devices/pci0000:00/ata1/host0/target0:0:0/0:0:0:0/block/sda' }), undefined);
});

t.test('only what is on the disks that are backed up, and what nobody can tell', async (t) => {
  const disk = (name: string, number: string, path: string) => ({
    [`/sys/class/block/${name}`]: `-> ${path}`,
    [`/sys/dev/block/${number}`]: `-> ${path}`,
    ...sizes(path, number),
  });
  const sizes = (path: string, number: string) => ({
    [`${path.replace('../..', '/sys')}/dev`]: `${number}\n`,
    [`${path.replace('../..', '/sys')}/size`]: '2048\n',
  });
  const mountinfo = [
    '22 1 8:0 / / rw shared:1 - ext4 /dev/sda rw',
    '23 22 8:32 / /data rw shared:2 - xfs /dev/sdc rw',
    '24 22 8:48 / /other rw shared:3 - ext4 /dev/sdd rw',
    '26 22 8:33 / /journal rw shared:4 - jfs /dev/sdc1 rw',
    '27 22 0:44 / /wide rw shared:5 - btrfs /dev/sdd rw',
    '25 22 8:64 / /odd rw shared:3 - ext4 /dev/sde rw',
  ].join('\n');
  const system = fakeSystem({
    files: {
      '/proc/1/mountinfo': `${mountinfo}\n`,
      ...disk('sda', '8:0', scsi(SYSTEM, 0, 'sda')),
      ...disk('sdc', '8:32', scsi(DATA, 0, 'sdc')),
      ...disk('sdc1', '8:33', scsi(DATA, 0, 'sdc/sdc1')),
      ...disk('sdd', '8:48', scsi(DATA, 1, 'sdd')),
      ...disk('sdf', '8:80', scsi(DATA, 7, 'sdf')),
      '/sys/fs/btrfs/features/raid1c34': '0\n',
      '/sys/fs/btrfs/5f0d/devices/sdd/x': '',
      '/sys/fs/btrfs/5f0d/devices/sdf/x': '',
    },
  });
  t.teardown(system.cleanUp);
  t.strictSame(await fileSystemsOn(system, [0], []), { mounts: ['/data', '/odd'], covered: ['8:33'] });
  t.strictSame(await fileSystemsOn(system, [1, OS_DISK_LUN], []), {
    mounts: ['/', '/other', '/wide', '/odd'],
    covered: [],
  });
  t.strictSame(
    await fileSystemsOn(system, [7], []),
    { mounts: ['/wide', '/odd'], covered: [] },
    'btrfs has a part on a disk that the table of mounts does not name',
  );
  t.strictSame(
    await fileSystemsOn(system, [0], ['/da*', 'type:jfs']),
    { mounts: ['/odd'], covered: [] },
    'what the configuration leaves out is left out',
  );
});
