import t from 'tap';
import type { FakeProgram } from '../../fakes/system.ts';
import { changed, HEALTHY } from './healthy-machine.ts';
import { programs } from './planted-fault.ts';
import { reportOf } from './planted-run.ts';

/** Ends when it is killed, at its deadline. */
const hanging: FakeProgram = async (_, { timeoutMs }) => {
  await new Promise((resolve) => setTimeout(resolve, timeoutMs));
  return { ended: 'timed-out', exitCode: undefined };
};

// They wait, and do nothing else.
t.jobs = 5;

for (const [name, hung, told, limitMs] of [
  ['systemctl', ['systemctl'], ['agent.cgroup-quota skip'], 8000],
  ['stat', ['stat'], ['fs.inodes skip', 'fs.space skip'], 8000],
  ['waagent', ['/usr/sbin/waagent'], ['agent.python warn', 'agent.version.linux warn'], 10_000],
  ['nft and iptables-save', ['nft', 'iptables-save'], ['net.firewall skip'], 8000],
  [
    'every program',
    Object.keys(HEALTHY.programs),
    [
      'agent.cgroup-quota skip',
      'agent.package-origin skip',
      'agent.python warn',
      'agent.version.linux warn',
      'fs.inodes skip',
      'fs.space skip',
      'net.firewall skip',
      'net.multi-ip skip',
      'other.vault-credentials skip',
    ],
    13_000,
  ],
] as const) {
  t.test(`${name} never ends`, { buffered: true }, async (t) => {
    const report = await reportOf(changed(programs(Object.fromEntries(hung.map((each) => [each, hanging])))));
    const unwell = report.findings.filter(({ verdict }) => verdict !== 'pass' && verdict !== 'info');
    t.strictSame(
      unwell.map(({ id, verdict }) => `${id} ${verdict}`).toSorted(),
      told,
      'none is cut off, and none fails',
    );
    t.ok(report.durationMs < limitMs, `all of it took ${report.durationMs} ms`);
  });
}
