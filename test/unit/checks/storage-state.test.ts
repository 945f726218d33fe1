import t from 'tap';
import { byDevice, logged, wentReadOnly } from '../../../agent/checks/filesystems-errors.ts';
import { judgeFrozen } from '../../../agent/checks/filesystems-frozen.ts';
import { judgeRehearsal, lastRehearsal } from '../../../agent/checks/filesystems-rehearsal.ts';
import type { FileSystem } from '../../../agent/freezer/mounts.ts';
import { device, mount, mounted, PLAIN, type Row, testRows } from './storage-machine.ts';

const BOOT = { '/proc/sys/kernel/random/boot_id': 'this-boot\n' };
const journal = (bootId: string, settled = false) => ({
  '/run/quiesced/journal/freeze.jsonl': `${JSON.stringify({ bootId, intend: [{ id: '8:1', mountPoint: '/data', mountPoints: ['/data'] }] })}\n${settled ? '{"settled":"8:1","how":"thawed"}\n' : ''}`,
});
const STACK = '[<0>] percpu_rwsem_wait+0x110/0x140\n[<0>] __percpu_down_read+0x60/0x90\n[<0>] vfs_write+0x3a2/0x450\n';
const task = (state: string, stack = STACK) => ({
  '/proc/77/task/77/stat': `77 (rs:main Q:Reg) ${state} 1 77`,
  '/proc/77/task/77/wchan': 'percpu_rwsem_wait',
  '/proc/77/task/77/stack': stack,
});
/** And a little: the record is made later than this. */
const in10Minutes = { now: new Date(Date.now() + 620_000) };

const rehearsal = (frozenMs: number, more: object = {}) =>
  `${JSON.stringify({
    kind: 'rehearsal',
    startedAt: '2026-11-20T01:00:00Z',
    frozenMs,
    frozen: ['/', '/data'],
    timeline: [
      { step: 'freeze', mountPoint: '/', tookMs: 1 },
      { step: 'freeze', mountPoint: '/data', tookMs: 700 },
      { step: 'thaw', mountPoint: '/', tookMs: 9000 },
    ],
    ...more,
  })}\n`;
const history = (...lines: readonly string[]) => ({ files: { '/var/lib/quiesced/history.jsonl': lines.join('') } });

const meminfo = (dirtyKib: number) => ({
  '/proc/meminfo': `MemTotal: 1 kB\nDirty:         ${dirtyKib} kB\nWriteback:  0 kB\nWritebackTmp: 9 kB\n`,
});
const bdi = (reclaimable: number, speed: number) =>
  `BdiWriteback:                0 kB\nBdiReclaimable:        ${reclaimable} kB\nBdiDirtied:       99 kB\nBdiWriteBandwidth:    ${speed} kBps\n`;
const broken = (files: Readonly<Record<string, string>>, dmesg = '') => ({
  files: { ...PLAIN, ...files },
  programs: { dmesg: { stdout: dmesg } },
});
const XFS = '[ 12.5] XFS (sda1): Corruption detected. Unmount and run xfs_repair\n';
const EXTENSION = '/var/lib/waagent/Microsoft.Azure.RecoveryServices.VMSnapshotLinux-1.0.9184.0';

testRows([
  ['fs.already-frozen', 'nothing', 'pass', /./, { files: { ...BOOT, ...task('S') } }],
  ['fs.already-frozen', 'just now, by us', 'info', /under way/, { files: { ...BOOT, ...journal('this-boot') } }],
  [
    'fs.already-frozen',
    'long ago, by us',
    'fail',
    /^\/data: .* 10 min ago/,
    { files: { ...BOOT, ...journal('this-boot') }, ...in10Minutes },
  ],
  ['fs.already-frozen', 'in another boot', 'pass', /./, { files: { ...BOOT, ...journal('before') }, ...in10Minutes }],
  ['fs.already-frozen', 'thawed', 'pass', /./, { files: { ...BOOT, ...journal('this-boot', true) }, ...in10Minutes }],
  ['fs.already-frozen', 'by somebody', 'fail', /rs:main Q:Reg \(77\): waiting/, { files: { ...BOOT, ...task('D') } }],
  ['fs.already-frozen', 'by somebody, stacks hidden', 'fail', /\(77\)/, { files: { ...BOOT, ...task('D', '') } }],
  [
    'fs.already-frozen',
    'a slow disk',
    'pass',
    /./,
    { files: { ...BOOT, ...task('D', '[<0>] io_schedule+0x1/0x2\n[<0>] vfs_write+0x3/0x4\n') } },
  ],
  ['fs.already-frozen', 'without root', 'skip', /root/, { privileged: false }],
  ['fs.readonly-error', 'nothing', 'pass', /./, broken({ '/sys/fs/ext4/sda1/errors_count': '0\n' })],
  [
    'fs.readonly-error',
    'counted',
    'fail',
    /^\/: 3 errors counted/,
    broken({ '/sys/fs/ext4/sda1/errors_count': '3\n' }),
  ],
  [
    'fs.readonly-error',
    'read-only',
    'fail',
    /fstab says otherwise/,
    broken({ ...mounted(mount('/', { all: 'ro' })), '/etc/fstab': 'UUID=1 / ext4 errors=remount-ro 0 1\n' }),
  ],
  [
    'fs.readonly-error',
    'meant to be read-only',
    'pass',
    /./,
    broken({ ...mounted(mount('/', { all: 'ro' })), '/etc/fstab': 'UUID=1 / ext4 ro 0 1\n' }),
  ],
  [
    'fs.readonly-error',
    'stopped by the kernel',
    'fail',
    /emergency_ro/,
    broken(mounted(mount('/', { all: 'rw,emergency_ro' }))),
  ],
  ['fs.readonly-error', 'in the log', 'fail', /^\/: in the kernel's log: XFS/, broken({}, XFS)],
  [
    'fs.readonly-error',
    'the disk beneath, in the log',
    'fail',
    /2 lines in/,
    broken({}, '[1.0] I/O error, dev sda, sector 8\n'.repeat(2)),
  ],
  ['fs.readonly-error', 'another disk, in the log', 'pass', /./, broken({}, '[1.0] I/O error, dev fd0, sector 0\n')],
  ['fs.readonly-error', 'the log, without root', 'pass', /./, { ...broken({}, XFS), privileged: false }],
  [
    'fs.readonly-error',
    'btrfs',
    'fail',
    /^\/b: 5 errors/,
    broken({
      ...device('sdb', { number: '8:16' }),
      ...mounted(mount('/b', { number: '0:44', type: 'btrfs', source: '/dev/sdb' })),
      '/sys/fs/btrfs/u-u/devices/sdb': '-> ../../x',
      '/sys/fs/btrfs/u-u/devinfo/1/error_stats':
        'write_errs 0\nread_errs 2\nflush_errs 0\ncorruption_errs 3\ngeneration_errs 0\n',
    }),
  ],
  ['fs.freeze-rehearsal', 'none', 'info', /no rehearsal/, {}],
  ['fs.freeze-rehearsal', 'quick', 'pass', /frozen for 800 ms on 2026-11-20/, history(rehearsal(800))],
  ['fs.freeze-rehearsal', 'slow', 'warn', /1\.5 s.*\/data took 700 ms/, history(rehearsal(1500))],
  ['fs.freeze-rehearsal', 'very slow', 'fail', /5\.1 s/, history(rehearsal(5100))],
  [
    'fs.freeze-rehearsal',
    'the last counts',
    'pass',
    /./,
    history(rehearsal(5100), rehearsal(90), '{"kind":"snapshot","frozenMs":9999}\n', '{"kin'),
  ],
  [
    'fs.freeze-rehearsal',
    'one that froze nothing',
    'warn',
    /1\.5 s/,
    history(rehearsal(1500), rehearsal(0, { frozen: [] })),
  ],
  ['fs.freeze-rehearsal', 'without root', 'skip', /root/, { privileged: false }],
  ['fs.dirty', 'little', 'pass', /^9 MiB wait/, { files: meminfo(9 * 1024) }],
  ['fs.dirty', 'much', 'warn', /600 MiB .* 6 s .*100 MiB a second/, { files: meminfo(600 * 1024) }],
  [
    'fs.dirty',
    'much, but the disk is quick',
    'pass',
    /disk 8:0/,
    { files: { ...meminfo(600 * 1024), '/sys/kernel/debug/bdi/8:0/stats': bdi(600 * 1024, 900 * 1024) } },
  ],
  [
    'fs.dirty',
    'little, but one disk is slow',
    'warn',
    /disk 8:16, about 10 s/,
    {
      files: {
        ...meminfo(1),
        '/sys/kernel/debug/bdi/8:0/stats': bdi(0, 9),
        '/sys/kernel/debug/bdi/8:16/stats': bdi(1000, 100),
      },
    },
  ],
  [
    'fs.dirty',
    'for a server',
    'pass',
    /disks/,
    { files: { ...meminfo(1), '/sys/kernel/debug/bdi/0:44/stats': bdi(1000, 100) } },
  ],
  ['fs.dirty', 'nothing to read', 'skip', /./, {}],
  ['fs.mounts-to-skip', 'no file', 'pass', /no vmbackup/, { files: PLAIN }],
  [
    'fs.mounts-to-skip',
    'nothing left out',
    'pass',
    /nothing out/,
    { files: { ...PLAIN, '/etc/azure/vmbackup.conf': '[SnapshotThread]\ntimeout = 60\n' } },
  ],
  [
    'fs.mounts-to-skip',
    'one left out',
    'info',
    /does not freeze \/data/,
    {
      files: {
        ...mounted(mount('/'), mount('/data')),
        '/etc/azure/vmbackup.conf': '[SnapshotThread]\nMountsToSkip=/data\n',
      },
    },
  ],
  [
    'fs.mounts-to-skip',
    'one that is not there',
    'warn',
    /\/gone is no mount point/,
    { files: { ...PLAIN, '/etc/azure/vmbackup.conf': '[SnapshotThread]\nMountsToSkip=/gone\n' } },
  ],
  [
    'fs.mounts-to-skip',
    'in the wrong place',
    'warn',
    /tempPlugin\/vmbackup\.conf is read by nobody/,
    { files: { ...PLAIN, [`${EXTENSION}/main/tempPlugin/vmbackup.conf`]: '' } },
  ],
] satisfies Row[]);

t.test('who froze it', async (t) => {
  const waiting = [{ pid: 7, name: 'sshd' }];
  const signs = { owed: [], owedForMs: 0, waiting: [] };
  t.equal(
    judgeFrozen({ ...signs, owed: ['/a'], owedForMs: 90_000, waiting }).verdict,
    'info',
    'our own snapshot, and who waits for it',
  );
  t.equal(judgeFrozen({ ...signs, owed: ['/a'], owedForMs: 90_001 }).verdict, 'fail');
  t.match(judgeFrozen({ ...signs, waiting }).remedy, /\/proc\/7\/fd/);
});

t.test('what went read-only', async (t) => {
  const fileSystem: FileSystem = {
    id: '8:1',
    type: 'xfs',
    source: '/dev/sda1',
    readOnly: true,
    mountPoint: '/a',
    mountPoints: ['/a'],
    hidden: false,
  };
  const entry = { device: 'x', mountPoint: '/a', type: 'xfs', options: ['defaults'] };
  t.equal(wentReadOnly(fileSystem, ['ro'], [entry]).length, 1);
  t.equal(wentReadOnly(fileSystem, ['ro'], []).length, 0, 'mounted by hand');
  t.equal(wentReadOnly({ ...fileSystem, type: 'iso9660' }, ['ro'], [entry]).length, 0);
  t.equal(wentReadOnly({ ...fileSystem, readOnly: false }, ['rw'], [entry]).length, 0);
  t.equal(wentReadOnly({ ...fileSystem, readOnly: false }, ['rw', 'shutdown'], []).length, 1);
  t.equal(wentReadOnly(fileSystem, ['ro'], [{ ...entry, options: ['bind'] }]).length, 0);
});

t.test('the last line about a device', async (t) => {
  const log = byDevice([
    { device: 'sda', text: 'one' },
    { device: 'sdb', text: 'two' },
  ]);
  t.strictSame(logged(log, ['sda', 'sda1']), ["in the kernel's log: one"]);
  t.strictSame(logged(log, []), []);
});

t.test('a history of any kind', async (t) => {
  t.equal(lastRehearsal(''), undefined);
  t.equal(lastRehearsal('null\n[]\n7\n{"kind":"rehearsal"}\n'), undefined);
  t.equal(judgeRehearsal({ startedAt: '', frozenMs: 1000, slowest: undefined }).verdict, 'pass', 'the limit itself');
  t.equal(judgeRehearsal({ startedAt: '', frozenMs: 5000, slowest: undefined }).verdict, 'warn');
});
