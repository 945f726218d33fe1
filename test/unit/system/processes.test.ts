import t from 'tap';
import { asksPermission, permissionListeners } from '../../../agent/system/fanotify.ts';
import { otherFreezers } from '../../../agent/system/other-freezers.ts';
import { runningProcesses } from '../../../agent/system/processes.ts';
import { fakeSystem } from '../../fakes/system.ts';

const machine = (t: { teardown(run: () => void): void }, files: Readonly<Record<string, string>>) => {
  const system = fakeSystem({ files });
  t.teardown(() => system.cleanUp());
  return system;
};

t.test('processes, by rising pid', async (t) => {
  const system = machine(t, {
    '/proc/100/comm': 'sshd\n',
    '/proc/100/cmdline': '/usr/sbin/sshd\0-D\0',
    '/proc/9/comm': 'kworker/0:0\n',
    '/proc/9/cmdline': '',
    '/proc/20/comm': 'nginx\n',
    '/proc/20/cmdline': 'nginx: master process /usr/sbin/nginx\0\0\0\0',
    '/proc/30/stat': 'a process that ended while we looked has neither',
    '/proc/meminfo': '',
  });
  t.strictSame(await runningProcesses(system), [
    { pid: 9, name: 'kworker/0:0', argv: [] },
    { pid: 20, name: 'nginx', argv: ['nginx: master process /usr/sbin/nginx'] },
    { pid: 100, name: 'sshd', argv: ['/usr/sbin/sshd', '-D'] },
  ]);
  t.strictSame(await runningProcesses(machine(t, {})), [], 'no /proc at all');
});

t.test('arguments that somebody made to keep us busy', async (t) => {
  const startMs = performance.now();
  await runningProcesses(machine(t, { '/proc/5/comm': 'x\n', '/proc/5/cmdline': `${'\0'.repeat(2_000_000)}x` }));
  t.ok(performance.now() - startMs < 20_000);
});

t.test('marks that wait for permission', async (t) => {
  for (const [mask, asks] of [
    ['10000', true],
    ['20000', true],
    ['40000', true],
    ['100000', true],
    ['10002', true],
    ['ffffffffffffffff', true],
    ['3b', false],
    ['8000002', false],
    ['0', false],
  ] as const) {
    t.equal(
      asksPermission(
        `pos:\t0\nfanotify flags:4 event-flags:8000\nfanotify mnt_id:1b mflags:0 mask:${mask} ignored_mask:0\n`,
      ),
      asks,
      mask,
    );
  }
  t.notOk(asksPermission('pos:\t0\nfanotify flags:0 event-flags:0\n'), 'no mark');
  t.notOk(asksPermission('fanotify mnt_id:1b mflags:0 mask:3 ignored_mask:10000'), 'what is ignored');
  t.notOk(asksPermission(''));
});

t.test('who permits files to be opened', async (t) => {
  const system = machine(t, {
    '/proc/7/comm': 'fapolicyd\n',
    '/proc/7/fd/0': '-> /dev/null',
    '/proc/7/fd/5': '-> anon_inode:[fanotify]',
    '/proc/7/fdinfo/5': 'fanotify flags:4 event-flags:8000\nfanotify mnt_id:1b mflags:0 mask:50000 ignored_mask:0\n',
    '/proc/8/comm': 'indexer\n',
    '/proc/8/fd/3': '-> anon_inode:[fanotify]',
    '/proc/8/fdinfo/3': 'fanotify flags:0 event-flags:0\nfanotify mnt_id:1b mflags:0 mask:3 ignored_mask:0\n',
    '/proc/9/comm': 'inotify\n',
    '/proc/9/fd/3': '-> anon_inode:inotify',
  });
  t.strictSame(await permissionListeners(system), [{ pid: 7, command: 'fapolicyd' }]);
});

t.test('who else freezes', async (t) => {
  const files: Record<string, string> = {};
  for (const [pid, comm, argv0, ...rest] of [
    [10, 'qemu-ga', '/usr/sbin/qemu-ga', '-d'],
    [11, 'vmtoolsd', '/usr/bin/vmtoolsd'],
    [12, 'vmtoolsd', '/usr/bin/vmtoolsd', '-n', 'vmusr'],
    [13, 'hv_vss_daemon', '/usr/lib/linux-tools/6.8/hv_vss_daemon', '-n'],
    [14, 'hypervvssd', '/usr/sbin/hypervvssd', '-n'],
    [15, 'pool-spawner', '/usr/sbin/qemu-ga'],
    [16, 'safefreeze', '/var/lib/waagent/M.VMSnapshotLinux-1.0/main/safefreeze/bin/safefreeze', '60', '/'],
    [17, 'vim', 'vim', 'qemu-ga'],
  ] as const) {
    files[`/proc/${pid}/comm`] = `${comm}\n`;
    files[`/proc/${pid}/cmdline`] = [argv0, ...rest].map((part) => `${part}\0`).join('');
  }
  t.strictSame(await otherFreezers(machine(t, files)), [
    { pid: 10, name: 'qemu-ga' },
    { pid: 11, name: 'vmtoolsd' },
    { pid: 13, name: 'hv_vss_daemon' },
    { pid: 14, name: 'hypervvssd' },
    { pid: 15, name: 'qemu-ga' },
    { pid: 16, name: 'safefreeze' },
  ]);
});
