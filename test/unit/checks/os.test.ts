import t from 'tap';
import type { Check, Verdict } from '../../../agent/checks/check.ts';
import { judgeArchitecture, judgeDistribution, judgeSize, osChecks } from '../../../agent/checks/os.ts';
import { judgeClock } from '../../../agent/checks/os-clock.ts';
import { containerMounts } from '../../../agent/checks/os-containers.ts';
import { cpuTimes, judgeLoad, memoryPercent } from '../../../agent/checks/os-load.ts';
import { judgeDenials } from '../../../agent/checks/os-security.ts';
import type { Distribution } from '../../../agent/system/os-release.ts';
import { AZURE, ELSEWHERE, find, processFiles, type Scene } from './machine.ts';

const check = (id: string): Check => osChecks.find((one) => one.id === id) as Check;

const distribution = (id: string, variantId?: string): Distribution => ({
  id,
  versionId: '1',
  variantId,
  prettyName: id,
  idLike: [],
});

t.test('which distributions', async (t) => {
  const cases: readonly (readonly [Distribution | undefined, Verdict])[] = [
    [distribution('ubuntu'), 'pass'],
    [distribution('azurelinux'), 'pass'],
    [distribution('ol'), 'pass'],
    [distribution('coreos'), 'fail'],
    [distribution('fedora', 'coreos'), 'fail'],
    [distribution('fedora'), 'warn'],
    [distribution('rocky'), 'warn'],
    [undefined, 'warn'],
  ];
  for (const [given, verdict] of cases) t.equal(judgeDistribution(given).verdict, verdict, given?.id ?? 'none');
});

t.test('which architectures', async (t) => {
  for (const [name, verdict] of [
    ['x86_64', 'pass'],
    ['aarch64', 'pass'],
    ['i686', 'fail'],
    ['armv7l', 'fail'],
    ['sparc64', 'warn'],
    [undefined, 'skip'],
  ] as const) {
    t.equal(judgeArchitecture(name).verdict, verdict, name ?? 'unknown');
  }
});

t.test('which sizes', async (t) => {
  const MiB = 1024 ** 2;
  for (const [cpus, memoryBytes, verdict] of [
    [2, 1024 * MiB, 'pass'],
    [2, 892 * MiB, 'pass'],
    [2, 480 * MiB, 'fail'],
    [1, 4096 * MiB, 'fail'],
    [undefined, 4096 * MiB, 'skip'],
  ] as const) {
    t.equal(judgeSize({ cpus, memoryBytes }).verdict, verdict, `${cpus} CPUs, ${memoryBytes / MiB} MiB`);
  }
});

t.test('how busy', async (t) => {
  const calm = { load5: 0.5, cpus: 2, busyPercent: undefined, memoryPercent: 40 };
  for (const [signs, verdict] of [
    [calm, 'pass'],
    [{ ...calm, load5: 1.7 }, 'pass'],
    [{ ...calm, load5: 2.5 }, 'warn'],
    [{ ...calm, load5: 2.5, busyPercent: 97 }, 'warn'],
    [{ ...calm, load5: 9, busyPercent: 12 }, 'pass'],
    [{ ...calm, memoryPercent: 91 }, 'warn'],
    [{ ...calm, load5: undefined }, 'skip'],
  ] as const) {
    t.equal(judgeLoad(signs).verdict, verdict, JSON.stringify(signs));
  }
});

t.test('a load that is no lack of CPUs says so', async (t) => {
  t.match(judgeLoad({ load5: 9, cpus: 2, busyPercent: 12, memoryPercent: 4 }).detail, /waits for disks/);
});

t.test('the counters of the kernel', async (t) => {
  t.strictSame(cpuTimes('cpu  10 1 5 80 4 0 0 0 3 0\ncpu0 1 1'), { total: 100, idle: 84 });
  t.equal(cpuTimes('intr 1 2'), undefined);
  t.equal(memoryPercent('MemTotal:  1000 kB\nMemAvailable:  250 kB\n'), 75);
  t.equal(memoryPercent('MemTotal:  1000 kB\n'), undefined, 'before Linux 3.14');
});

t.test('how right a clock', async (t) => {
  const nowMs = Date.UTC(2026, 10, 21);
  const signs = {
    nowMs,
    hostAheadMs: undefined,
    newest: { path: '/var/log/a', modifiedMs: nowMs },
    synchronised: true,
  };
  const minutes = (count: number) => count * 60_000;
  for (const [given, verdict, detail] of [
    [signs, 'pass', 'synchronised'],
    [{ ...signs, hostAheadMs: minutes(6) }, 'warn', 'the clock is 6 minutes behind the host'],
    [{ ...signs, hostAheadMs: minutes(-6) }, 'warn', 'the clock is 6 minutes ahead of the host'],
    [{ ...signs, newest: { path: '/var/log/a', modifiedMs: nowMs + minutes(60) } }, 'warn', /\/var\/log\/a.*set back/],
    [{ ...signs, newest: { path: '/var/log/a', modifiedMs: nowMs + minutes(2) } }, 'pass', /./],
    [{ ...signs, synchronised: false, hostAheadMs: 900 }, 'pass', 'agrees with the host'],
    [{ ...signs, synchronised: false }, 'info', /not synchronised/],
    [{ ...signs, synchronised: undefined, newest: undefined }, 'skip', /./],
  ] as const) {
    const result = judgeClock(given);
    t.equal(result.verdict, verdict, JSON.stringify(given));
    t.match(result.detail, detail);
  }
});

t.test('mounts of containers', async (t) => {
  const line = (mountPoint: string) => `36 25 0:31 / ${mountPoint} rw - overlay overlay rw`;
  t.equal(
    containerMounts([line('/'), line('/var/lib/docker/overlay2/a/merged'), line('/run/containerd/x')].join('\n')),
    2,
  );
  t.equal(containerMounts(line('/var/lib/docker')), 0, 'a disk of its own for the engine is none');
  t.equal(containerMounts(''), 0);
});

t.test('denials', async (t) => {
  const avc =
    'type=AVC msg=audit(1:2): avc:  denied  { write } for  pid=9 comm="waagent" path="/var/lib/waagent/x" scontext=system_u:system_r:init_t:s0';
  t.match(judgeDenials(`${avc}\n${avc}\n`), {
    verdict: 'warn',
    detail: '2 denials in the audit log, the last: waagent may not write',
  });
  t.match(judgeDenials('type=AVC msg=audit(1:2): avc:  denied  { read } for comm="httpd"'), { verdict: 'pass' });
  t.match(judgeDenials('type=AVC avc:  granted  { write } for comm="waagent"'), { verdict: 'pass' });
  t.match(judgeDenials(''), { verdict: 'pass' });
});

/** Each check on a machine where it passes, and on one where it does not. */
const MACHINES: readonly (readonly [string, string, Verdict, Scene])[] = [
  ['os.supported.linux', 'Debian', 'pass', {}],
  ['os.supported.linux', 'CoreOS', 'fail', { facts: { ...AZURE, distribution: distribution('coreos') } }],
  ['os.supported.linux', 'CoreOS elsewhere', 'info', { facts: { ...ELSEWHERE, distribution: distribution('coreos') } }],
  ['os.arch64', '64 bits', 'pass', {}],
  ['os.arch64', '32 bits', 'fail', { facts: { ...AZURE, architecture: 'i686' } }],
  ['os.cpu-ram', 'enough', 'pass', {}],
  ['os.cpu-ram', 'one CPU', 'fail', { facts: { ...AZURE, cpus: 1 } }],
  ['os.cpu-ram', 'one CPU elsewhere', 'info', { facts: { ...ELSEWHERE, cpus: 1 } }],
  ['os.load', 'calm', 'pass', { files: load('0.10 0.20 0.30 1/99 1', 800) }],
  ['os.load', 'short of memory', 'warn', { files: load('0.10 0.20 0.30 1/99 1', 50) }],
  ['os.load', 'nothing to read', 'skip', {}],
  ['os.clock', 'kept by timesyncd', 'pass', { programs: { timedatectl: { stdout: 'yes\n' } } }],
  ['os.clock', 'kept by chrony', 'pass', { programs: { chronyc: { stdout: 'Leap status     : Normal\n' } } }],
  ['os.clock', 'kept by nobody', 'info', { programs: { timedatectl: { stdout: 'no\n' } } }],
  ['os.clock', 'set back', 'warn', { files: { '/var/log/syslog': '' }, now: new Date('2020-01-01') }],
  ['os.docker', 'none', 'pass', { files: processFiles(5, 'sshd', ['/usr/sbin/sshd']) }],
  ['os.docker', 'Docker', 'warn', { files: processFiles(5, 'dockerd', ['/usr/bin/dockerd']) }],
  [
    'os.docker',
    'Docker elsewhere',
    'info',
    { facts: ELSEWHERE, files: processFiles(5, 'dockerd', ['/usr/bin/dockerd']) },
  ],
  ['os.fapolicyd', 'none', 'pass', { files: processFiles(5, 'sshd', ['/usr/sbin/sshd']) }],
  ['os.fapolicyd', 'fapolicyd', 'warn', { files: processFiles(5, 'fapolicyd', ['/usr/sbin/fapolicyd']) }],
  ['os.fapolicyd', 'a scanner', 'warn', { files: listener(7, 'clamonacc') }],
  ['os.fapolicyd', 'fapolicyd, without root', 'warn', { privileged: false, files: processFiles(5, 'fapolicyd', []) }],
  ['os.fapolicyd', 'none to be seen without root', 'skip', { privileged: false }],
  ['os.security', 'no SELinux', 'pass', {}],
  ['os.security', 'permissive', 'pass', { files: { '/sys/fs/selinux/enforce': '0' } }],
  ['os.security', 'enforcing, without root', 'skip', { privileged: false, files: { '/sys/fs/selinux/enforce': '1' } }],
  [
    'os.security',
    'enforcing, quiet',
    'pass',
    { files: { '/sys/fs/selinux/enforce': '1' }, programs: { tail: { stdout: '' } } },
  ],
  [
    'os.security',
    'enforcing, denied',
    'warn',
    {
      files: { '/sys/fs/selinux/enforce': '1' },
      programs: { tail: { stdout: 'type=AVC avc:  denied  { open } for comm="waagent"\n' } },
    },
  ],
];

for (const [id, name, verdict, scene] of MACHINES) {
  t.test(`${id}: ${name}`, async (t) => {
    const finding = await find(check(id), scene);
    t.equal(finding.verdict, verdict, finding.detail);
    if (verdict === 'fail' || verdict === 'warn') t.ok(finding.remedy, 'says what to do');
  });
}

t.test('every check has a machine where it passes and one where it does not', async (t) => {
  // Those of Windows alone have theirs in windows-planted.test.ts.
  for (const { id } of osChecks.filter(({ platforms }) => platforms?.includes('linux') ?? true)) {
    const verdicts = MACHINES.filter(([tested]) => tested === id).map(([, , verdict]) => verdict);
    t.ok(verdicts.includes('pass'), `${id} passes`);
    t.ok(verdicts.includes('warn') || verdicts.includes('fail'), `${id} finds something`);
  }
});

function load(loadavg: string, availableKib: number): Record<string, string> {
  return { '/proc/loadavg': loadavg, '/proc/meminfo': `MemTotal: 1000 kB\nMemAvailable: ${availableKib} kB\n` };
}

function listener(pid: number, comm: string): Record<string, string> {
  return {
    ...processFiles(pid, comm, [`/usr/sbin/${comm}`]),
    [`/proc/${pid}/fd/4`]: '-> anon_inode:[fanotify]',
    [`/proc/${pid}/fdinfo/4`]:
      'pos:\t0\nfanotify flags:4 event-flags:8000\nfanotify mnt_id:1b mflags:0 mask:10002 ignored_mask:0\n',
  };
}
