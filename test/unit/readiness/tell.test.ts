import t from 'tap';
import type { Finding, Verdict } from '../../../agent/checks/check.ts';
import { countsOf, exitCodeOf, verdictOf } from '../../../agent/checks/verdict.ts';
import { defaultConfig } from '../../../agent/config/load.ts';
import { createLog, silentLog } from '../../../agent/log.ts';
import type { Examination } from '../../../agent/readiness/examine.ts';
import { gatherTold, tell, toldOf } from '../../../agent/readiness/tell.ts';
import { allReporters } from '../../../agent/reporters/all.ts';
import type { Outcome } from '../../../agent/snapshot/outcome.ts';
import { fakeSystem } from '../../fakes/system.ts';
import { AZURE } from '../checks/machine.ts';
import { told } from '../reporters/told.ts';

const finding = (verdict: Verdict, id: string, more: Partial<Finding> = {}): Finding => ({
  id,
  group: 'os',
  title: id,
  verdict,
  detail: '',
  durationMs: 1,
  ...more,
});

const examination = (findings: readonly Finding[]): Examination => ({
  schema: 1,
  time: '2026-11-21T09:00:00.000Z',
  durationMs: 1,
  facts: AZURE,
  verdict: verdictOf(findings),
  exitCode: exitCodeOf(findings),
  counts: countsOf(findings),
  findings,
  expected: { consistency: 'crash', reason: 'x' },
});

const outcome = (kind: Outcome['kind'], startedAt: string, more: Partial<Outcome> = {}): Outcome => ({
  schema: 1,
  id: startedAt,
  kind,
  taker: 'none',
  startedAt,
  tookMs: 5,
  consistency: 'file-system',
  reason: '',
  frozenMs: 2,
  frozen: ['/'],
  left: [],
  warnings: [],
  faults: [],
  timeline: [],
  ...more,
});

t.test('problems worst first, what another one explains left out', async (t) => {
  const { status, checks } = toldOf(
    examination([
      finding('warn', 'a.a'),
      finding('pass', 'b.b'),
      finding('fail', 'c.c'),
      finding('skip', 'd.d', { hiddenBy: 'c.c' }),
      finding('error', 'e.e'),
    ]),
    [],
    5,
  );
  t.strictSame(
    status.problems.map(({ id }) => id),
    ['c.c', 'e.e', 'a.a'],
  );
  t.match(status, { verdict: 'fail', intervalMs: 5, expected: { consistency: 'crash' } });
  t.notOk('last' in status);
  t.strictSame(
    checks.map(({ id }) => id),
    ['a.a', 'b.b', 'c.c', 'e.e'],
  );
});

t.test('the last of each kind, and the last of all', async (t) => {
  const fault = { phase: 'take', during: 'take', message: '' } as const;
  const { status, runs } = toldOf(
    examination([]),
    [
      outcome('snapshot', '2026-11-01'),
      outcome('snapshot', '2026-11-02', { faults: [fault] }),
      outcome('rehearsal', '2026-11-03', { consistency: 'none', wouldBe: 'application' }),
    ],
    undefined,
  );
  t.match(runs, [
    { kind: 'snapshot', startedAt: '2026-11-02', faults: 1 },
    { kind: 'rehearsal', consistency: 'application' },
  ]);
  t.match(status.last, { kind: 'rehearsal', startedAt: '2026-11-03' });
  t.notOk('intervalMs' in status);
});

t.test('a reporter that fails is a warning, and keeps nobody else from reporting', async (t) => {
  const system = fakeSystem();
  t.teardown(() => system.cleanUp());
  const lines: string[] = [];
  const log = createLog('warn', (line) => lines.push(line));
  const done: string[] = [];
  const config = await defaultConfig('linux');
  await tell(told(), { system, config, log }, [
    {
      id: 'bad',
      report: async () => {
        throw new Error('no room');
      },
    },
    { id: 'good', report: async () => void done.push('good') },
  ]);
  t.strictSame(lines, ['warn  the result was not told by bad: no room']);
  t.strictSame(done, ['good']);
});

t.test('the past is for root to know', async (t) => {
  const history = `${JSON.stringify(outcome('snapshot', '2026-11-01'))}\n`;
  const config = await defaultConfig('linux');
  for (const privileged of [true, false]) {
    const system = fakeSystem({ privileged, files: { '/var/lib/quiesced/history.jsonl': history } });
    t.teardown(() => system.cleanUp());
    const { runs } = await gatherTold(examination([]), { system, config, log: silentLog });
    t.equal(runs.length, privileged ? 1 : 0);
  }
});

t.test('every reporter has its own id', async (t) => {
  const ids = allReporters.map(({ id }) => id);
  t.equal(new Set(ids).size, ids.length);
  for (const id of ids) t.match(id, /^[a-z]+(-[a-z]+)*$/);
});
