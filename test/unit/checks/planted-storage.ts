import { type Change, DATA, HISTORY, meminfo, mounts, ROOT, rehearsed, usage } from './healthy-machine.ts';
import { disk } from './planted-disks.ts';
import { ages, type Fault, files, HOUR, programs } from './planted-fault.ts';
import { mount } from './storage-machine.ts';

const mounted = (...lines: readonly string[]): Change => files(mounts(lines));

const STACK = '[<0>] percpu_rwsem_wait+0x110/0x140\n[<0>] __percpu_down_read+0x60/0x90\n[<0>] vfs_write+0x3a2/0x450\n';
const OWED = `${JSON.stringify({ bootId: 'this-boot', intend: [{ id: '8:33', mountPoint: '/data', mountPoints: ['/data'] }] })}\n`;
const JOURNAL = '/run/quiesced/journal/freeze.jsonl';
const VMBACKUP = '/etc/azure/vmbackup.conf';
const NAS = mount('/srv/share', { number: '0:50', type: 'nfs4', source: 'nas:/export' });
/** A server that is gone: `stat` hangs there, and answers for everything else. */
const deadServer: Change = programs({
  stat: async (argv, options) => {
    if (!argv.includes('/srv/share')) return answered(argv, options);
    return { ended: 'timed-out', exitCode: undefined };
  },
});
const answered = usage() as (argv: readonly string[], options: object) => Promise<object>;
const share = (space: number, inodes = 4, path = '/'): Change => programs({ stat: usage({ [path]: [space, inodes] }) });

export const FILE_SYSTEM_FAULTS: readonly Fault[] = [
  {
    name: 'NTFS',
    plant: { ...mounted(mount('/srv/win', { number: '8:49', type: 'ntfs3', source: '/dev/sdd1' })) },
    found: 'fs.freezable',
    verdict: 'warn',
    detail: /\/srv\/win \(ntfs3/,
  },
  {
    name: 'a file system that is mounted twice in one place',
    plant: files(mounts([mount('/data', { number: '8:33', type: 'xfs', source: '/dev/sdc1' })])),
    found: 'fs.duplicates',
    verdict: 'warn',
    detail: /\/data \(\/dev\/sdc1, \/dev\/sdc1\)/,
  },
  {
    name: 'a file system in a file',
    plant: files({
      ...disk('loop0', '7:0', { under: 'virtual', model: '', more: { 'loop/backing_file': '/data/image.img\n' } }),
      ...mounts([mount('/srv/image', { number: '7:0', source: '/dev/loop0' })]),
    }),
    found: 'fs.loop-nesting',
    verdict: 'warn',
    detail: /\/srv\/image in a file on \/data/,
  },
  {
    name: '/var is mounted noexec',
    plant: mounted(mount('/var', { number: '8:49', own: 'rw,noexec', source: '/dev/sdd1' })),
    found: 'fs.noexec',
    verdict: 'fail',
    detail: /^\/var is mounted noexec/,
  },
  { name: '/ is full', plant: share(98), found: 'fs.space', verdict: 'fail', detail: /\/ 98 %/ },
  {
    name: '/data is nearly full',
    plant: share(99, 4, '/data'),
    found: 'fs.space',
    verdict: 'warn',
    detail: /\/data 99 %/,
  },
  { name: 'a full inode table', plant: share(23, 100), found: 'fs.inodes', verdict: 'warn', detail: /\/ 100 %/ },
  {
    name: 'a dead NFS server',
    plant: { ...mounted(NAS), ...deadServer },
    found: 'fs.network',
    verdict: 'warn',
    detail: /no answer within 2 s from \/srv\/share/,
  },
  {
    name: 'an NFS server that answers',
    plant: mounted(NAS),
    found: 'fs.network',
    verdict: 'info',
    detail: /not part of/,
  },
  {
    name: 'an automount trigger',
    plant: mounted(mount('/srv/auto', { number: '0:51', type: 'autofs', source: 'systemd-1' })),
    found: 'fs.autofs',
    verdict: 'info',
    detail: /\/srv\/auto/,
  },
  {
    name: 'a freeze of ours that was never undone',
    plant: { ...files({ [JOURNAL]: OWED }), ...ages({ [JOURNAL]: HOUR }) },
    found: 'fs.already-frozen',
    verdict: 'fail',
    detail: /60 min ago/,
  },
  {
    name: "somebody else's freeze",
    plant: files({ '/proc/460/task/460/stat': '460 (cron) D 1 460', '/proc/460/task/460/stack': STACK }),
    found: 'fs.already-frozen',
    verdict: 'fail',
    detail: /cron \(460\)/,
  },
  {
    name: 'errors counted by ext4',
    plant: files({ '/sys/fs/ext4/sda1/errors_count': '3\n' }),
    found: 'fs.readonly-error',
    verdict: 'fail',
    detail: /^\/: 3 errors/,
  },
  {
    name: 'XFS errors in the log of the kernel',
    plant: programs({ dmesg: { stdout: '[ 9.1] XFS (sdc1): Corruption detected. Unmount and run xfs_repair\n' } }),
    found: 'fs.readonly-error',
    verdict: 'fail',
    detail: /^\/data: in the kernel's log/,
  },
  {
    name: 'fstab says rw, the kernel ro',
    plant: files(mounts([], ROOT, DATA.replaceAll(' rw', ' ro'))),
    found: 'fs.readonly-error',
    verdict: 'fail',
    detail: /\/data: read-only, though \/etc\/fstab/,
  },
  {
    name: 'a freeze of six seconds',
    plant: files({ [HISTORY]: rehearsed(HOUR, { frozenMs: 6000 }) }),
    found: 'fs.freeze-rehearsal',
    verdict: 'fail',
    detail: /6\.0 s/,
  },
  {
    name: 'a freeze of two seconds',
    plant: files({ [HISTORY]: rehearsed(HOUR, { frozenMs: 2000 }) }),
    found: 'fs.freeze-rehearsal',
    verdict: 'warn',
    detail: /2\.0 s/,
  },
  {
    name: '2 GiB to be written',
    plant: files(meminfo({ Dirty: 2_097_152 })),
    found: 'fs.dirty',
    verdict: 'warn',
    detail: /2048 MiB wait/,
  },
  {
    name: 'blanks in MountsToSkip',
    plant: files({ [VMBACKUP]: '[SnapshotThread]\nMountsToSkip=/mnt, /data\n' }),
    found: 'fs.mounts-to-skip',
    verdict: 'warn',
    detail: /blanks around "\/data"/,
  },
];

export const FILE_SYSTEM_ENOUGH: readonly (readonly [name: string, plant: Change])[] = [
  ['89 % full', share(89)],
  ['94 % of the inodes', share(23, 94)],
  ['a freeze of a second', files({ [HISTORY]: rehearsed(HOUR, { frozenMs: 1000 }) })],
  ['400 MiB to be written', files(meminfo({ Dirty: 409_600 }))],
];
