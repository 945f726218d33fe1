import t from 'tap';
import { groupOf, parseRaidStatus } from '../../../agent/checks/volumes.ts';
import { assert, property, string, stringMatching, tuple } from '../../fast-check.ts';
import { ELSEWHERE } from './machine.ts';
import { device, GEN1_TEMPORARY, mount, mounted, PLAIN, type Row, testRows, VIRTUAL } from './storage-machine.ts';

const array = (...more: readonly (readonly [string, string])[]) => ({
  ...device('sdb'),
  ...device('sdc'),
  ...device('md0', { ...VIRTUAL, members: ['sdb', 'sdc'], more: Object.fromEntries(more) }),
});
const volume = (name: string, ...members: readonly string[]) =>
  device('dm-0', { ...VIRTUAL, members, more: { 'dm/name': `${name}\n`, 'dm/uuid': 'LVM-abcdef\n' } });
const RAID = 'data-db: 0 2097152 raid raid1 2 AD 2097152/2097152 idle 0 0 -\n';

const ROWS: readonly Row[] = [
  ['vol.zfs', 'none', 'pass', /./, { files: PLAIN }],
  [
    'vol.zfs',
    'mounted',
    'fail',
    /^tank: /,
    { files: mounted(mount('/'), mount('/t', { type: 'zfs', source: 'tank/t' })) },
  ],
  ['vol.zfs', 'imported', 'fail', /^rpool: /, { files: { ...PLAIN, '/proc/spl/kstat/zfs/rpool/state': 'ONLINE' } }],
  ['vol.zfs', 'the module alone', 'pass', /./, { files: { ...PLAIN, '/proc/spl/kstat/zfs/arcstats': '' } }],
  ['vol.zfs', 'elsewhere', 'info', /Azure/, { files: mounted(mount('/t', { type: 'zfs' })), facts: ELSEWHERE }],
  ['vol.lvm-raid', 'none', 'pass', /./, { files: PLAIN }],
  [
    'vol.lvm-raid',
    'encrypted only',
    'pass',
    /./,
    { files: device('dm-0', { ...VIRTUAL, more: { 'dm/uuid': 'CRYPT-LUKS2-1' } }) },
  ],
  [
    'vol.lvm-raid',
    'a whole array',
    'info',
    /md0 \(sdb, sdc\)/,
    { files: array(['md/array_state', 'clean'], ['md/degraded', '0']) },
  ],
  [
    'vol.lvm-raid',
    'a degraded array',
    'warn',
    /md0: degraded, 1/,
    { files: array(['md/array_state', 'clean'], ['md/degraded', '1\n']) },
  ],
  ['vol.lvm-raid', 'a broken array', 'warn', /md0: broken/, { files: array(['md/array_state', 'broken']) }],
  ['vol.lvm-raid', 'a stopped array', 'pass', /./, { files: array(['md/array_state', 'clear']) }],
  [
    'vol.lvm-raid',
    'a group',
    'info',
    /^my-data \(sdb\): /,
    { files: { ...device('sdb'), ...volume('my--data-db', 'sdb') } },
  ],
  [
    'vol.lvm-raid',
    'a group with the temporary disk',
    'warn',
    /data is on sdb \(persistent\), sdc \(temporary\)/,
    { files: { ...device('sdb'), ...device('sdc', { under: GEN1_TEMPORARY }), ...volume('data-db', 'sdb', 'sdc') } },
  ],
  [
    'vol.lvm-raid',
    'a degraded mirror',
    'warn',
    /data: degraded, 1/,
    {
      files: {
        ...volume('data-db', 'dm-1'),
        ...device('dm-1', { ...VIRTUAL, more: { 'dm/name': 'data-db_rimage_0', 'dm/uuid': 'LVM-abc' } }),
      },
      programs: { dmsetup: { stdout: RAID } },
    },
  ],
];
testRows(ROWS);

t.test('the group in the name of a volume', async (t) => {
  for (const [name, group] of [
    ['vg-lv', 'vg'],
    ['my--vg-my--lv', 'my-vg'],
    ['a---lv', 'a-'],
    ['vg-lv-real', 'vg'],
    ['nothing', 'nothing'],
  ] as const) {
    t.equal(groupOf(name), group, name);
  }
});

t.test('whatever the names, the group comes back', async () => {
  const name = stringMatching(/^[a-z0-9_.+][a-z0-9_.+-]{0,8}$/);
  const doubled = (text: string) => text.replaceAll('-', '--');
  assert(property(tuple(name, name), ([group, lv]) => groupOf(`${doubled(group)}-${doubled(lv)}`) === group));
});

t.test('the health of mirrors', async (t) => {
  t.strictSame([...parseRaidStatus(RAID)], [['data-db', 'degraded, 1 of its disks missing']]);
  t.equal(parseRaidStatus('data-db: 0 2097152 raid raid1 2 Aa 2097152/2097152 resync 0 0 -').size, 0, 'in step soon');
  t.equal(parseRaidStatus('No devices found\n').size, 0);
  assert(property(string(), (text) => parseRaidStatus(text).size <= text.split('\n').length));
});
