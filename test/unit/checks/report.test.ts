import t from 'tap';
import { allChecks } from '../../../agent/checks/all.ts';
import { type Check, fail, pass } from '../../../agent/checks/check.ts';
import { readiness } from '../../../agent/checks/report.ts';
import { checksOn } from '../../../agent/checks/select.ts';
import { machine } from './machine.ts';

const one = (id: string, run: Check['run']): Check => ({ id, group: 'os', title: id, run });

t.test('facts, findings and verdict', async (t) => {
  const { system, cleanUp } = machine({
    now: new Date('2026-11-21T09:00:00Z'),
    files: { '/etc/os-release': 'ID=debian' },
  });
  t.teardown(cleanUp);
  const told: string[] = [];
  const report = await readiness(system, {
    checks: [
      one('os.good', async (_system, { facts }) => pass(facts.distribution?.id ?? '')),
      one('os.bad', async () => fail('', '')),
    ],
    onFinding: ({ id }) => told.push(id),
  });
  t.match(report, {
    schema: 1,
    time: '2026-11-21T09:00:00.000Z',
    facts: { platform: 'linux', distribution: { id: 'debian' } },
    verdict: 'fail',
    exitCode: 2,
    counts: { pass: 1, fail: 1, skip: 0 },
    findings: [{ id: 'os.good', detail: 'debian' }, { id: 'os.bad' }],
  });
  t.strictSame(told.toSorted(), ['os.bad', 'os.good']);
  t.strictSame(JSON.parse(JSON.stringify(report)).schema, 1, 'it is JSON');
});

t.test('all checks, on an empty machine: none breaks', async (t) => {
  const { system, cleanUp } = machine({});
  t.teardown(cleanUp);
  for (const options of [{}, { cloud: 'azure' }] as const) {
    const { findings } = await readiness(system, options);
    t.strictSame(
      findings.filter(({ verdict }) => verdict === 'error'),
      [],
    );
  }
});

t.test('all checks, without root and without a single program', async (t) => {
  const { system, cleanUp } = machine({ privileged: false });
  t.teardown(cleanUp);
  const { findings } = await readiness(system, { cloud: 'azure' });
  t.strictSame(
    findings.filter(({ verdict }) => verdict === 'error'),
    [],
  );
});

t.test('on Windows too, what is there for it', async (t) => {
  const { system, cleanUp } = machine({ platform: 'windows' });
  t.teardown(cleanUp);
  const { facts, findings } = await readiness(system);
  t.equal(facts.platform, 'windows');
  const ids = findings.map(({ id }) => id);
  for (const id of ['os.cpu-ram', 'agent.installed', 'proxy.localsystem', 'other.backup-agents']) {
    t.ok(ids.includes(id), `${id} is asked`);
  }
  const known = new Set(checksOn('windows', allChecks).map(({ id }) => id));
  t.strictSame(
    ids.filter((id) => !known.has(id)),
    [],
    'and nothing that is Linux alone',
  );
});
