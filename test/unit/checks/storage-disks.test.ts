import t from 'tap';
import { kindOf } from '../../../agent/checks/block-devices.ts';
import { judgeDiskCount, judgeDiskSizes, judgeDisksTogether } from '../../../agent/checks/disks.ts';
import { hasKeys } from '../../../agent/checks/storage-shared.ts';
import { ELSEWHERE, processFiles } from './machine.ts';
import {
  device,
  GEN1_TEMPORARY,
  GEN2_TEMPORARY,
  GIB,
  hosted,
  ISCSI,
  mount,
  mounted,
  PLAIN,
  type Row,
  TIB,
  testRows,
  VIRTUAL,
} from './storage-machine.ts';

const disks = (count: number) => Object.assign({}, ...Array.from({ length: count }, (_, at) => device(`sd${at}`)));
const KEYS = '  PR generation=0x2, 1 registered reservation key follows:\n    0xabc\n';
const NO_KEYS = '  PR generation=0x0, there are NO registered reservation keys\n';
const corosync = { ...PLAIN, ...processFiles(9, 'corosync', ['/usr/sbin/corosync']) };
const onTemporary = (...names: readonly string[]) => ({
  ...PLAIN,
  ...device('sdb', { under: GEN2_TEMPORARY }),
  ...device('sdb/sdb1', { under: GEN2_TEMPORARY, number: '8:17' }),
  ...mounted(mount('/'), mount('/mnt', { number: '8:17', source: '/dev/sdb1' })),
  ...Object.fromEntries(names.map((name) => [`/mnt/${name}`, ''])),
});

const ROWS: readonly Row[] = [
  ['disk.count', 'three', 'pass', /^2 data disks; the limit is 32 \(2026-01-28\)$/, { files: disks(3) }],
  ['disk.count', 'as many as allowed', 'warn', /^32 data disks: nearly/, { files: disks(33) }],
  ['disk.count', 'too many', 'fail', /33 data disks; .* was 16 \(2017, classic model\)/, { files: disks(34) }],
  ['disk.count', 'too many elsewhere', 'info', /Azure only/, { files: disks(34), facts: ELSEWHERE }],
  ['disk.count', 'as the host tells', 'pass', /^1 data disk;/, { files: disks(9), facts: hosted({}, {}) }],
  [
    'disk.count',
    'not the temporary one, nor others',
    'pass',
    /^1 data disk;/,
    {
      files: {
        ...device('sda'),
        ...device('sdb', { under: GEN1_TEMPORARY }),
        ...device('sdc', { under: ISCSI }),
        ...device('nvme0n1', { under: 'pci0000:00/nvme/nvme0', model: 'Microsoft NVMe Direct Disk v2' }),
        ...device('nvme1n1', { under: 'pci0000:00/nvme/nvme1', model: 'MSFT NVMe Accelerator v1.0' }),
        ...device('nvme1n1/nvme1n1p1', { under: 'pci0000:00/nvme/nvme1' }),
        ...device('sda/sda1'),
        ...device('loop0', VIRTUAL),
        ...device('dm-0', VIRTUAL),
        ...device('sr0'),
        ...device('sdz', { bytes: 0 }),
      },
    },
  ],
  ['disk.count', 'nothing to see', 'skip', /./, {}],
  ['disk.size', 'one', 'pass', /sda, has 1\.0 GiB/, { files: PLAIN }],
  ['disk.size', 'at the limit', 'pass', /64\.0 TiB/, { files: device('sda', { bytes: 64 * TIB }) }],
  [
    'disk.size',
    'too large',
    'fail',
    /sda has 64\.5 TiB; .*64 TiB a disk/,
    { files: device('sda', { bytes: 64.5 * TIB }) },
  ],
  ['disk.total', 'one', 'pass', /1\.0 GiB/, { files: PLAIN }],
  ['disk.total', 'too much', 'fail', /576\.0 TiB in all/, { files: device('sda', { bytes: 576 * TIB }) }],
  ['disk.shared', 'no cluster', 'pass', /./, { files: PLAIN }],
  ['disk.shared', 'reserved', 'fail', /sda: reserved/, { files: corosync, programs: { sg_persist: { stdout: KEYS } } }],
  ['disk.shared', 'a cluster without', 'pass', /./, { files: corosync, programs: { sg_persist: { stdout: NO_KEYS } } }],
  ['disk.shared', 'a cluster, no tool', 'warn', /corosync/, { files: corosync }],
  [
    'disk.shared',
    'a hung disk',
    'warn',
    /cannot be told/,
    { files: corosync, programs: { sg_persist: { ended: 'timed-out', exitCode: undefined } } },
  ],
  [
    'disk.shared',
    'OCFS2',
    'fail',
    /\/shared/,
    { files: { ...PLAIN, ...mounted(mount('/shared', { type: 'ocfs2' })) } },
  ],
  ['disk.ultra-pv2', 'premium', 'pass', /./, { facts: hosted({}, {}) }],
  [
    'disk.ultra-pv2',
    'both',
    'info',
    /UltraSSD_LRS and PremiumV2_LRS \(LUN 0, LUN 1\)/,
    { facts: hosted({}, { storageType: 'UltraSSD_LRS' }, { storageType: 'PremiumV2_LRS' }) },
  ],
  ['disk.ultra-pv2', 'elsewhere', 'skip', /Azure/, { facts: ELSEWHERE }],
  ['disk.ultra-pv2', 'a silent host', 'skip', /not asked/, {}],
  ['disk.write-accel', 'off', 'pass', /./, { facts: hosted({}, {}) }],
  ['disk.write-accel', 'on', 'info', /^LUN 7: /, { facts: hosted({}, { writeAccelerator: true, lun: 7 }) }],
  ['disk.unmanaged', 'managed', 'pass', /./, { facts: hosted({}, {}) }],
  ['disk.unmanaged', 'unmanaged', 'fail', /the disk of the system/, { facts: hosted({ managed: false }) }],
  ['disk.temp', 'none', 'pass', /no temporary disk/, { files: PLAIN }],
  [
    'disk.temp',
    'swap only',
    'pass',
    /sdb: empty/,
    { files: onTemporary('lost+found', 'swapfile', 'DATALOSS_WARNING_README.txt') },
  ],
  ['disk.temp', 'a database', 'warn', /\/mnt holds mysql/, { files: onTemporary('lost+found', 'mysql') }],
  [
    'disk.temp',
    'part of a volume',
    'warn',
    /\/srv holds data/,
    {
      files: {
        ...device('nvme1n1', { under: 'pci0000:00/nvme/nvme1', model: 'Microsoft NVMe Direct Disk' }),
        ...device('dm-3', { ...VIRTUAL, number: '253:3', members: ['nvme1n1'] }),
        ...mounted(mount('/srv', { number: '253:3', source: '/dev/mapper/vg-lv' })),
        '/srv/data': '',
      },
    },
  ],
];
testRows(ROWS);

t.test('as many disks as there may be', async (t) => {
  for (const [count, verdict] of [
    [0, 'pass'],
    [28, 'pass'],
    [29, 'warn'],
    [32, 'warn'],
    [33, 'fail'],
  ] as const) {
    t.equal(judgeDiskCount(count).verdict, verdict, `${count}`);
  }
  t.match(judgeDiskCount(17).detail, /was 16/, 'beyond the older limit both are named');
  t.notMatch(judgeDiskCount(16).detail, /was 16/);
});

t.test('as large as they may be', async (t) => {
  const of = (...tib: readonly number[]) => tib.map((size, at) => ({ name: `sd${at}`, bytes: size * TIB }));
  t.equal(judgeDiskSizes(of(64, 1)).verdict, 'pass');
  t.equal(judgeDiskSizes(of(1, 64.1)).verdict, 'fail');
  t.equal(judgeDisksTogether(of(...Array.from({ length: 8 }, () => 64))).verdict, 'pass', '512 TiB');
  t.equal(judgeDisksTogether(of(...Array.from({ length: 8 }, () => 64), 1)).verdict, 'fail');
  t.equal(judgeDisksTogether([]).verdict, 'skip');
});

t.test('what is a disk', async (t) => {
  const signs = {
    name: 'sda',
    path: '../../devices/pci0/host0/0:0:0:0/block/sda',
    bytes: GIB,
    model: '',
    hidden: false,
  };
  for (const [changes, kind] of [
    [{}, 'persistent'],
    [{ name: 'vda', path: '../../devices/pci0/virtio1/block/vda' }, 'persistent'],
    [{ name: 'nvme0n1', path: '../../devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1' }, 'persistent'],
    [{ model: 'MSFT NVMe Accelerator v1.0' }, 'persistent'],
    [{ model: 'Microsoft NVMe Direct Disk' }, 'temporary'],
    [{ path: `../../devices/${GEN1_TEMPORARY}/block/sdb` }, 'temporary'],
    [{ path: `../../devices/${GEN2_TEMPORARY}/block/sdb` }, 'temporary'],
    [{ path: `../../devices/${GEN2_TEMPORARY}0/block/sdb` }, 'persistent'],
    [{ path: `../../devices/${ISCSI}/block/sdb` }, 'network'],
    [{ name: 'nbd0', path: '../../devices/virtual/block/nbd0' }, 'network'],
    [{ hidden: true }, 'none'],
    [{ bytes: 0 }, 'none'],
    [{ name: 'sr0' }, 'none'],
    [{ name: 'md0', path: '../../devices/virtual/block/md0' }, 'none'],
  ] as const) {
    t.equal(kindOf({ ...signs, ...changes }), kind, JSON.stringify(changes));
  }
});

t.test('what sg_persist prints', async (t) => {
  t.ok(hasKeys(KEYS));
  t.ok(hasKeys('PR generation=0x1, 2 registered reservation keys follow:'));
  t.notOk(hasKeys(NO_KEYS));
  t.notOk(hasKeys(''));
});
