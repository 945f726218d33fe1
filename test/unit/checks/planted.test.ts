import t from 'tap';
import { changed, HEALTHY } from './healthy-machine.ts';
import { AGENT_ENOUGH, AGENT_FAULTS } from './planted-agent.ts';
import { BOOT_FAULTS } from './planted-boot.ts';
import { DATABASE_FAULTS } from './planted-databases.ts';
import { ADE_FAULTS, DISK_ENOUGH, DISK_FAULTS, ENCRYPTION_FAULTS, withDisks } from './planted-disks.ts';
import type { Fault } from './planted-fault.ts';
import { NETWORK_FAULTS, OS_ENOUGH, OS_FAULTS } from './planted-os.ts';
import { APP_FAULTS, OTHER_FAULTS, RESTORE_FAULTS } from './planted-others.ts';
import { PROXY_FAULTS } from './planted-proxy.ts';
import { differences, reportOf } from './planted-run.ts';
import { FILE_SYSTEM_ENOUGH, FILE_SYSTEM_FAULTS } from './planted-storage.ts';

const FAULTS: readonly Fault[] = [
  ...OS_FAULTS,
  ...AGENT_FAULTS,
  ...NETWORK_FAULTS,
  ...PROXY_FAULTS,
  ...DISK_FAULTS,
  ...FILE_SYSTEM_FAULTS,
  ...ENCRYPTION_FAULTS,
  ...ADE_FAULTS,
  ...APP_FAULTS,
  ...DATABASE_FAULTS,
  ...RESTORE_FAULTS,
  ...BOOT_FAULTS,
  ...OTHER_FAULTS,
];
const healthy = await reportOf(HEALTHY);

t.test('a healthy machine', async (t) => {
  t.strictSame(
    healthy.findings.filter(({ verdict }) => verdict !== 'pass').map(({ id, verdict }) => `${id} ${verdict}`),
    ['other.backup-agents info'],
    'every check there is looks at it, none is skipped, and nothing is wrong: what is told is when Azure came last',
  );
  t.equal(healthy.exitCode, 0);
});

// Most of the time is spent waiting, for deadlines or the disk.
t.jobs = 3;

for (const fault of FAULTS) {
  t.test(`${fault.found}: ${fault.name}`, { buffered: true }, async (t) => {
    const report = await reportOf(changed(fault.plant));
    t.strictSame(differences(healthy, report), expected(fault));
    const finding = report.findings.find(({ id }) => id === fault.found);
    t.match(finding?.detail, fault.detail);
    if (fault.verdict !== 'info') t.ok(finding?.remedy, 'says what to do');
  });
}

t.test('two at once, and three', async (t) => {
  for (const names of [
    ['/var is mounted noexec', 'a script that its group may write'],
    ['33 data disks', 'a clock that was set back'],
    ['waagent stopped', 'a LUKS mapping', 'a CRLF shebang'],
  ]) {
    const faults = names.map((name) => FAULTS.find((fault) => fault.name === name) as Fault);
    const report = await reportOf(changed(...faults.map(({ plant }) => plant)));
    t.strictSame(differences(healthy, report), faults.flatMap(expected).toSorted(), names.join(', '));
  }
});

t.test('33 disks that the host does not tell of', async (t) => {
  const refused = FAULTS.find(({ name }) => name === 'a metadata service that refuses') as Fault;
  const report = await reportOf(changed(withDisks(33), refused.plant));
  t.strictSame(differences(healthy, report), ['disk.count fail', ...expected(refused)].toSorted());
});

t.test('what is just good enough', async (t) => {
  for (const [name, plant] of [...OS_ENOUGH, ...AGENT_ENOUGH, ...DISK_ENOUGH, ...FILE_SYSTEM_ENOUGH]) {
    t.strictSame(differences(healthy, await reportOf(changed(plant))), [], name);
  }
});

t.test('every check is found at fault by some machine', async (t) => {
  const found = new Set(FAULTS.map((fault) => fault.found));
  t.strictSame(
    healthy.findings.map(({ id }) => id).filter((id) => !found.has(id)),
    [],
  );
});

/** Exactly what must have changed; nothing else may. */
function expected({ found, verdict, hides = [], silences = [], also = [] }: Fault): readonly string[] {
  const consequences = [...hides.map((id) => `${id} skip by ${found}`), ...silences.map((id) => `${id} skip`)];
  return [`${found} ${verdict}`, ...also, ...consequences].toSorted();
}
