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
t.jobs = 3;

/**
 * The checks have deadlines of 5 s, and later ones while others are still answered: never later than 30 s, and what a busy
 * machine adds.
 */
const LIMIT_MS = 90_000;

for (const [name, hung, told] of [
  ['systemctl', ['systemctl'], ['agent.cgroup-quota skip']],
  ['stat', ['stat'], ['fs.inodes skip', 'fs.space skip']],
  ['waagent', ['/usr/sbin/waagent'], ['agent.python warn', 'agent.version.linux warn']],
  ['nft and iptables-save', ['nft', 'iptables-save'], ['net.firewall skip']],
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
  ],
] as const) {
  t.test(`${name} never ends`, { buffered: true }, async (t) => {
    const report = await reportOf(changed(programs(Object.fromEntries(hung.map((each) => [each, hanging])))), {
      deadlines: true,
    });
    const unwell = report.findings.filter(({ verdict }) => verdict !== 'pass' && verdict !== 'info');
    t.strictSame(
      unwell.map(({ id, verdict }) => `${id} ${verdict}`).toSorted(),
      told,
      'none is cut off, and none fails',
    );
    t.ok(report.durationMs < LIMIT_MS, `all of it took ${report.durationMs} ms`);
  });
}
