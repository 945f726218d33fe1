import t from 'tap';
import { changed, HEALTHY } from './healthy-machine.ts';
import { AGENT_ENOUGH } from './planted-agent.ts';
import { DISK_ENOUGH, withDisks } from './planted-disks.ts';
import type { Fault } from './planted-fault.ts';
import { expected, FAULTS } from './planted-faults.ts';
import { OS_ENOUGH } from './planted-os.ts';
import { differences, reportOf } from './planted-run.ts';
import { FILE_SYSTEM_ENOUGH } from './planted-storage.ts';

const ALL: readonly Fault[] = Object.values(FAULTS).flat();
const healthy = await reportOf(HEALTHY);

t.test('a healthy machine', async (t) => {
  t.strictSame(
    healthy.findings.filter(({ verdict }) => verdict !== 'pass').map(({ id, verdict }) => `${id} ${verdict}`),
    ['other.backup-agents info'],
    'every check there is looks at it, none is skipped, and nothing is wrong: what is told is when Azure came last',
  );
  t.equal(healthy.exitCode, 0);
});

t.test('two at once, and three', async (t) => {
  for (const names of [
    ['/var is mounted noexec', 'a script that its group may write'],
    ['33 data disks', 'a clock that was set back'],
    ['waagent stopped', 'a LUKS mapping', 'a CRLF shebang'],
  ]) {
    const faults = names.map((name) => ALL.find((fault) => fault.name === name) as Fault);
    const report = await reportOf(changed(...faults.map(({ plant }) => plant)));
    t.strictSame(differences(healthy, report), faults.flatMap(expected).toSorted(), names.join(', '));
  }
});

t.test('33 disks that the host does not tell of', async (t) => {
  const refused = ALL.find(({ name }) => name === 'a metadata service that refuses') as Fault;
  const report = await reportOf(changed(withDisks(33), refused.plant));
  t.strictSame(differences(healthy, report), ['disk.count fail', ...expected(refused)].toSorted());
});

t.test('what is just good enough', async (t) => {
  for (const [name, plant] of [...OS_ENOUGH, ...AGENT_ENOUGH, ...DISK_ENOUGH, ...FILE_SYSTEM_ENOUGH]) {
    t.strictSame(differences(healthy, await reportOf(changed(plant))), [], name);
  }
});

t.test('every check is found at fault by some machine', async (t) => {
  const found = new Set(ALL.map((fault) => fault.found));
  t.strictSame(
    healthy.findings.map(({ id }) => id).filter((id) => !found.has(id)),
    [],
  );
});
