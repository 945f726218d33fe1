import t from 'tap';
import { mountOf } from '../../../agent/checks/filesystems.ts';
import { mountPlaces } from '../../../agent/checks/storage-evidence.ts';
import { ELSEWHERE } from './machine.ts';
import { device, mount, mounted, PLAIN, type Row, testRows, VIRTUAL } from './storage-machine.ts';

const ext4 = (mountPoint: string, number: string, options = {}) =>
  mount(mountPoint, { number, source: `/dev/sd${number}`, ...options });
const holding = (...lines: readonly string[]) => ({ files: { ...PLAIN, ...mounted(mount('/'), ...lines) } });
const loop = (all = 'rw') => ({
  files: {
    ...PLAIN,
    ...device('loop3', { ...VIRTUAL, number: '7:3', more: { 'loop/backing_file': '/usr/tmpDSK\n' } }),
    ...mounted(mount('/'), mount('/tmp', { number: '7:3', source: '/dev/loop3', all })),
  },
});
const NOTHING = { files: {} };

testRows([
  ['fs.freezable', 'ext4', 'pass', /1 file system: \/$/, holding()],
  [
    'fs.freezable',
    'ext2 too',
    'warn',
    /\/old \(ext2 is written to.*crash-consistent/,
    holding(ext4('/old', '8:9', { type: 'ext2' })),
  ],
  [
    'fs.freezable',
    'a hidden one',
    'warn',
    /hidden beneath/,
    holding(mount('/d', { id: 50, number: '8:9' }), mount('/d', { id: 51, number: '8:10' }).replace('51 1', '51 50')),
  ],
  ['fs.freezable', 'memory only', 'info', /./, { files: mounted(mount('/', { type: 'tmpfs', source: 'none' })) }],
  ['fs.freezable', 'no table', 'skip', /table/, NOTHING],
  ['fs.duplicates', 'none', 'pass', /./, holding(ext4('/data', '8:9'))],
  ['fs.duplicates', 'a bind mount', 'info', /\/ \(2 places\)/, holding(mount('/srv', { root: '/home/srv' }))],
  [
    'fs.duplicates',
    'one over the other',
    'warn',
    /\/data \(\/dev\/sd8:9, \/dev\/sd8:10\)/,
    holding(ext4('/data', '8:9'), ext4('/data', '8:10')),
  ],
  ['fs.duplicates', 'the same one twice', 'warn', /\/data/, holding(ext4('/data', '8:9'), ext4('/data', '8:9'))],
  [
    'fs.duplicates',
    'on its own trigger',
    'pass',
    /./,
    holding(mount('/data', { number: '0:40', type: 'autofs', source: 'systemd-1' }), ext4('/data', '8:9')),
  ],
  [
    'fs.duplicates',
    "the kernel's own",
    'pass',
    /./,
    holding(
      mount('/dev/pts', { number: '0:24', type: 'devpts', source: 'devpts' }),
      mount('/dev/pts', { number: '0:26', type: 'devpts', source: 'devpts' }),
    ),
  ],
  ['fs.loop-nesting', 'none', 'pass', /./, holding()],
  ['fs.loop-nesting', 'a snap', 'pass', /./, loop('ro')],
  ['fs.loop-nesting', 'one of cPanel', 'warn', /\/tmp in a file on \/: /, loop()],
  ['fs.autofs', 'none', 'pass', /./, holding()],
  [
    'fs.autofs',
    'one',
    'info',
    /^\/net: /,
    holding(mount('/net', { number: '0:40', type: 'autofs', source: '-hosts' })),
  ],
  ['fs.noexec', 'may run', 'pass', /./, holding()],
  ['fs.noexec', '/var', 'fail', /^\/var is mounted noexec/, holding(ext4('/var', '8:9', { own: 'rw,noexec' }))],
  [
    'fs.noexec',
    '/var, but not below',
    'fail',
    /^\/var is mounted noexec/,
    holding(ext4('/var', '8:9', { own: 'rw,noexec' }), ext4('/var/lib/waagent', '8:10')),
  ],
  [
    'fs.noexec',
    "the agent's own",
    'fail',
    /^\/var\/lib\/waagent is/,
    holding(ext4('/var/lib/waagent', '8:9', { own: 'noexec' })),
  ],
  ['fs.noexec', '/tmp', 'info', /\/tmp/, holding(ext4('/tmp', '8:9', { own: 'rw,nosuid,noexec' }))],
  ['fs.noexec', '/variable', 'pass', /./, holding(ext4('/variable', '8:9', { own: 'noexec' }))],
  [
    'fs.noexec',
    'elsewhere',
    'info',
    /Azure only/,
    { ...holding(ext4('/var', '8:9', { own: 'noexec' })), facts: ELSEWHERE },
  ],
] satisfies Row[]);

t.test('the mount that a path is on', async (t) => {
  const mounts = mountPlaces([mount('/'), mount('/a'), mount('/a/b'), mount('/a', { own: 'ro' })].join(''));
  t.equal(mountOf(mounts, '/a/b/c')?.mountPoint, '/a/b');
  t.strictSame(mountOf(mounts, '/a/c')?.options, ['ro'], 'the last of those at one place');
  t.equal(mountOf(mounts, '/ab')?.mountPoint, '/');
  t.equal(mountOf([], '/'), undefined);
});
