import { deepStrictEqual } from 'node:assert';
import t from 'tap';
import { parseFstab } from '../../../agent/boot/fstab.ts';
import { parseBdi, parseDirty } from '../../../agent/checks/filesystems-dirty.ts';
import { sumOfErrors } from '../../../agent/checks/filesystems-errors.ts';
import { lastRehearsal } from '../../../agent/checks/filesystems-rehearsal.ts';
import { parseKernelLog } from '../../../agent/checks/kernel-log.ts';
import { oddities, parseVmbackupConf, skippedMounts } from '../../../agent/checks/vmbackup-conf.ts';
import { parseState, waitsForThaw } from '../../../agent/checks/waiting-tasks.ts';
import { array, assert, constantFrom, nat, oneof, property, record, string, stringMatching } from '../../fast-check.ts';

t.test('fstab', async (t) => {
  const text = '# a comment\n\nUUID=1\t/ ext4\terrors=remount-ro 0 1\n  LABEL=a /with\\040blank xfs\n/dev/sdb1 none\n';
  t.strictSame(parseFstab(text), [
    { device: 'UUID=1', mountPoint: '/', type: 'ext4', options: ['errors=remount-ro'] },
    { device: 'LABEL=a', mountPoint: '/with blank', type: 'xfs', options: ['defaults'] },
  ]);
  const word = stringMatching(/^[a-z/][a-z/ \t\\]{0,8}$/);
  const entry = record(
    {
      device: word,
      mountPoint: word,
      type: constantFrom('ext4', 'xfs'),
      options: array(constantFrom('ro', 'noexec'), { minLength: 1 }),
    },
    { noNullPrototype: true },
  );
  const escaped = (name: string) => name.replaceAll('\\', '\\134').replaceAll(' ', '\\040').replaceAll('\t', '\\011');
  assert(
    property(array(entry), (entries) => {
      const lines = entries.map(
        ({ device, mountPoint, type, options }) =>
          `${escaped(device)} \t${escaped(mountPoint)} ${type} ${options.join(',')} 0 0`,
      );
      deepStrictEqual(parseFstab(lines.join('\n')), entries);
    }),
  );
  assert(property(string(), (any) => parseFstab(any).every(({ device }) => device !== '')));
});

t.test("lines of the kernel's log", async (t) => {
  for (const [line, device] of [
    ['EXT4-fs error (device sda1): ext4_lookup:1815: inode #2: comm ls: deleted inode referenced', 'sda1'],
    ['[   12.345678] EXT4-fs (dm-0): Remounting filesystem read-only', 'dm-0'],
    ['[1.0] EXT4-fs (sda1): error count since last fsck: 4', 'sda1'],
    ['EXT4-fs (sda1): mounted filesystem with ordered data mode', undefined],
    ['[Sat Nov 21 09:00:00 2026] XFS (nvme0n1p2): metadata I/O error in "xlog" at daddr 0x1', 'nvme0n1p2'],
    ['XFS (sdb): Log I/O Error (0x2) detected at xlog. Shutting down filesystem.', 'sdb'],
    ['XFS (sdb): Filesystem has been shut down due to log error (0x2).', 'sdb'],
    ['XFS (sdb): Mounting V5 Filesystem', undefined],
    ['BTRFS error (device sdc1): bad tree block start', 'sdc1'],
    ['BTRFS critical (device dm-2 state EA): corrupt leaf', 'dm-2'],
    ['BTRFS info (device sdc1): using crc32c', undefined],
    ['F2FS-fs (sdd): inconsistent node block', 'sdd'],
    ['Aborting journal on device sda1-8.', 'sda1'],
    ['Aborting journal on device dm-0-8.', 'dm-0'],
    ['blk_update_request: I/O error, dev sda, sector 0', 'sda'],
    ['print_req_error: critical medium error, dev sdb, sector 9', 'sdb'],
    ['I/O error, dev vda, sector 2048 op 0x1:(WRITE)', 'vda'],
    ['Buffer I/O error on dev dm-3, logical block 0, lost async page write', 'dm-3'],
    ['usb 1-1: device descriptor read/64, error -71', undefined],
  ] as const) {
    t.equal(parseKernelLog(line)[0]?.device, device, line);
  }
  assert(
    property(array(oneof(string(), constantFrom('XFS (', ': ', 'EXT4-fs error (device ', 'dev sda'))), (parts) =>
      parseKernelLog(parts.join('')).every(({ device }) => device !== ''),
    ),
  );
  const startMs = performance.now();
  parseKernelLog(`XFS (sda): ${'shut '.repeat(200_000)}`.repeat(2));
  parseKernelLog(`${'['.repeat(500_000)}\n`);
  t.ok(performance.now() - startMs < 20_000, 'a long line does not take long');
});

t.test('what a task does', async (t) => {
  t.strictSame(parseState('7 (a) b (c)) D 1'), { name: 'a) b (c)', state: 'D' });
  t.equal(parseState('nothing'), undefined);
  assert(
    property(nat(), string(), constantFrom('R', 'S', 'D'), (pid, name, state) => {
      deepStrictEqual(parseState(`${pid} (${name}) ${state} 1 1`), { name, state });
    }),
  );
  const stack = (...functions: readonly string[]) => functions.map((name) => `[<0>] ${name}+0x1/0x2\n`).join('');
  for (const [wchan, text, waits] of [
    ['percpu_rwsem_wait', stack('percpu_rwsem_wait', '__percpu_down_read', 'mnt_want_write', 'do_unlinkat'), true],
    ['percpu_rwsem_wait', stack('percpu_rwsem_wait', 'ext4_page_mkwrite', 'do_page_mkwrite'), true],
    ['__sb_start_write', stack('__sb_start_write', 'mnt_want_write'), true],
    ['percpu_rwsem_wait', stack('percpu_rwsem_wait', 'cgroup_css_set_fork', 'copy_process'), false],
    ['folio_wait_bit', stack('io_schedule', 'vfs_write'), false],
    ['percpu_rwsem_wait', '', true],
    ['0', '', false],
    ['', 'no stack\n', false],
  ] as const) {
    t.equal(waitsForThaw(wchan, text), waits, `${wchan} ${text}`);
  }
  assert(property(string(), string(), (wchan, text) => typeof waitsForThaw(wchan, text) === 'boolean'));
});

t.test('what waits to be written', async (t) => {
  t.equal(parseDirty('Dirty:  3 kB\nWriteback:   1 kB\nWritebackTmp: 8 kB\n'), 4096);
  t.equal(parseDirty('Dirty:  3 kB\n'), undefined);
  t.equal(
    parseBdi('BdiWriteback: 1 kB\nBdiReclaimable: 1 kB\nBdiWriteBandwidth: 0 kBps\n'),
    undefined,
    'no speed is none',
  );
  assert(
    property(nat(), nat(), nat({ max: 2 ** 30 }), (writeback, reclaimable, speed) => {
      const text = `BdiWriteback: ${writeback} kB\nBdiReclaimable: ${reclaimable} kB\nBdiWriteBandwidth: ${speed + 1} kBps\n`;
      deepStrictEqual(parseBdi(text), {
        dirtyBytes: (writeback + reclaimable) * 1024,
        bytesPerSecond: (speed + 1) * 1024,
      });
    }),
  );
  assert(
    property(string(), (any) => parseDirty(any) === undefined && parseBdi(any) === undefined && sumOfErrors(any) >= 0),
  );
});

t.test('any history has a reading', async () => {
  const line = oneof(
    string(),
    constantFrom(
      '{"kind":"rehearsal","frozenMs":7,"startedAt":"x","frozen":["/"],"timeline":[null,{"step":"freeze"}]}',
      '[1]',
      'null',
    ),
  );
  assert(property(array(line), (lines) => [undefined, 7].includes(lastRehearsal(lines.join('\n'))?.frozenMs)));
});

const odd = (text: string) => oddities(parseVmbackupConf(text), ['/', '/data', '/a b']);

t.test('vmbackup.conf by the rules of its reader', async (t) => {
  for (const [name, text, wanted] of [
    ['nothing', '', []],
    ['comments', '# a\n; b\n\n', []],
    [
      'all that is read',
      '[SnapshotThread]\nTimeout: 60\nseqsnapshot=0\nMountsToSkip = /data,/a b\n[Monitor]\nRun=True\n',
      [],
    ],
    ['a value that goes on', '[SnapshotThread]\nMountsToSkip = /data,\n  /gone\n', [/no mount point|blanks/]],
    ['a key that nobody reads', '[SnapshotThread]\nfsfreeze=True\n', [/nobody reads fsfreeze/]],
    ['a section that nobody reads', '[snapshotthread]\ntimeout=1\n', [/nobody reads section/]],
    ['a key without effect', '[SnapshotThread]\nOnAppFailureDoFsFreeze=False\n', [/no effect/]],
    ['no number', '[SnapshotThread]\ntimeout=60s\n', [/no number: 60s/]],
    ['a blank', '[SnapshotThread]\nMountsToSkip=/data, /a b\n', [/blanks around "\/a b"/]],
    ['the root', '[SnapshotThread]\nMountsToSkip=/\n', [/\/ cannot/]],
    ['before a section', 'timeout=60\n', [/^line 1 stands before/]],
    ['neither', '[SnapshotThread]\nMountsToSkip\n', [/^line 2 is neither/]],
    ['twice', '[SnapshotThread]\ntimeout=1\nTIMEOUT=2\n', [/^line 3 timeout is there twice/]],
    ['a section twice', '[Monitor]\n[Monitor]\n', [/^line 2 section/]],
    ['CRLF', '[SnapshotThread]\r\ntimeout=60\r\n', []],
  ] as const) {
    const found = odd(text);
    t.equal(found.length, wanted.length, `${name}: ${found}`);
    for (const [at, pattern] of wanted.entries()) t.match(found[at], pattern, name);
  }
  t.strictSame(skippedMounts(parseVmbackupConf('[SnapshotThread]\nmountstoskip=/data,/gone,/'), ['/', '/data']), [
    '/data',
  ]);
  t.strictSame(skippedMounts(parseVmbackupConf('x'), ['/data']), []);
});

t.test('any vmbackup.conf has a reading', async () => {
  const piece = oneof(
    string(),
    constantFrom('[SnapshotThread]', '\n', '=', ' ', 'MountsToSkip=', '/data', ',', '[', ']', ':'),
  );
  assert(
    property(array(piece), (pieces) => {
      const text = pieces.join('');
      const { broken } = parseVmbackupConf(text);
      return (
        odd(text).every((each) => each !== '') && (broken === undefined || broken.line <= text.split(/\r?\n/).length)
      );
    }),
  );
});
