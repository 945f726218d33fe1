/** A healthy Windows, and what is wrong with one, planted one by one: each is found by its check, and by no other. */
import t from 'tap';
import { expected } from './planted-faults.ts';
import { differences } from './planted-run.ts';
import { windowsReport } from './windows-fault.ts';
import { WINDOWS_AGENT_FAULTS } from './windows-faults-agent.ts';
import { WINDOWS_APP_FAULTS } from './windows-faults-apps.ts';
import { WINDOWS_NETWORK_FAULTS } from './windows-faults-network.ts';
import { WINDOWS_OS_FAULTS } from './windows-faults-os.ts';
import { WINDOWS_RESTORE_FAULTS } from './windows-faults-restore.ts';
import { WINDOWS_STORAGE_FAULTS } from './windows-faults-storage.ts';
import { WINDOWS_VSS_FAULTS } from './windows-faults-vss.ts';

const FAULTS = [
  ...WINDOWS_OS_FAULTS,
  ...WINDOWS_AGENT_FAULTS,
  ...WINDOWS_NETWORK_FAULTS,
  ...WINDOWS_APP_FAULTS,
  ...WINDOWS_STORAGE_FAULTS,
  ...WINDOWS_VSS_FAULTS,
  ...WINDOWS_RESTORE_FAULTS,
];
const healthy = await windowsReport();

/** Those that ask nobody; the two of the host are the same as on Linux, and a test may ask loopback alone. */
const NO_ANSWER = [
  ...['vol.s2d', 'vol.storage-replica', 'vss.io-pressure', 'vss.fallback'],
  ...['net.wireserver80', 'net.hostga32526'],
];

t.test('a healthy Windows', async (t) => {
  t.strictSame(
    healthy.findings
      .filter(({ verdict }) => verdict !== 'pass')
      .map(({ id, verdict, detail }) => `${id} ${verdict} ${detail}`),
    healthy.findings.filter(({ id }) => NO_ANSWER.includes(id)).map(({ id, detail }) => `${id} skip ${detail}`),
    'nothing is wrong, and nothing breaks',
  );
});

t.test('no program is run by its name alone, which the root of a disk may have too', async (t) => {
  t.strictSame(
    healthy.ran.map(([program]) => program).filter((program) => !/^[A-Z]:\\/.test(program ?? '')),
    [],
  );
});

for (const fault of FAULTS) {
  t.test(`${fault.found}: ${fault.name}`, async (t) => {
    const report = await windowsReport(fault.plant);
    t.strictSame(differences(healthy, report), expected(fault));
    const finding = report.findings.find(({ id }) => id === fault.found);
    t.match(finding?.detail, fault.detail);
    if (fault.verdict !== 'info') t.ok(finding?.remedy, 'says what to do');
  });
}

/** A server has to be asked: see windows-databases.test.ts. */
const ASKED = ['app.db-long-query', 'app.stale-lock'];

t.test('every check that answers is found at fault by some machine', async (t) => {
  const found = new Set(
    FAULTS.flatMap((fault) => [fault.found, ...(fault.also ?? []).map((word) => word.split(' ')[0])]),
  );
  t.strictSame(
    healthy.findings.map(({ id }) => id).filter((id) => !found.has(id) && ![...NO_ANSWER, ...ASKED].includes(id)),
    [],
  );
});
