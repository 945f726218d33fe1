import t from 'tap';
import type { Finding, Verdict } from '../../../agent/checks/check.ts';
import { countsOf, exitCodeOf, verdictOf } from '../../../agent/checks/verdict.ts';
import type { Examination } from '../../../agent/readiness/examine.ts';
import { overviewOf } from '../../../agent/readiness/overview.ts';
import { history, run } from '../../report/past.ts';
import { conforms } from '../../system/schemas.ts';
import { AZURE } from '../checks/machine.ts';

const finding = (id: string, group: Finding['group'], verdict: Verdict, hiddenBy?: string): Finding => ({
  id,
  group,
  title: 'all is well',
  verdict,
  detail: 'it is not',
  durationMs: 1,
  ...(hiddenBy === undefined ? {} : { hiddenBy }),
});

const examination = (...findings: readonly Finding[]): Examination => ({
  schema: 1,
  time: '2026-11-21T02:00:00.000Z',
  durationMs: 2100,
  facts: AZURE,
  verdict: verdictOf(findings),
  exitCode: exitCodeOf(findings),
  counts: countsOf(findings),
  findings,
  expected: { consistency: 'file-system', reason: 'nothing is set up to hold applications' },
});

const MADE = { time: '2026-11-21T02:00:03.000Z', version: '0.1.0' };

t.test('what to do first is what fails a backup, from the ground up; consequences are not told', async (t) => {
  const { todo, groups } = overviewOf(
    examination(
      finding('os.load', 'os', 'warn'),
      finding('agent.installed', 'agent', 'fail'),
      finding('agent.running', 'agent', 'skip', 'agent.installed'),
      finding('net.tls', 'network', 'error'),
      finding('fs.space', 'storage', 'fail'),
      finding('enc.host', 'encryption', 'info'),
    ),
    { ...MADE, history: [] },
  );
  t.strictSame(todo, ['agent.installed', 'fs.space', 'net.tls', 'os.load']);
  t.strictSame(
    groups.map(({ group, verdict }) => `${group} ${verdict}`),
    ['agent fail', 'storage fail', 'network error', 'os warn', 'encryption pass'],
  );
});

t.test('trends are by kind, of what each run made anybody wait', async (t) => {
  const past = [
    run(4, { stallMs: 100 }),
    run(3, { stallMs: 900 }),
    run(2, { kind: 'rehearsal', stallMs: 60 }),
    run(1, { stallMs: 200 }),
    run(0, { mounts: 0, change: { frozenMs: 0, timeline: [] } }),
  ];
  const { trends, runs } = overviewOf(examination(), { ...MADE, history: past });
  t.equal(runs?.length, 5);
  t.match(trends, [
    { kind: 'snapshot', runs: 3 },
    { kind: 'rehearsal', runs: 1 },
  ]);
  const [{ medianMs = 0, longestMs = 0, lastMs = 0 } = {}] = trends;
  t.ok(lastMs === medianMs && longestMs > 4 * medianMs, 'the odd one out does not move what is usual');
});

t.test('its JSON is what docs/schema says, with a history and without', async (t) => {
  const now = examination(finding('os.load', 'os', 'warn'), finding('fs.space', 'storage', 'pass'));
  const json = (value: unknown) => JSON.parse(JSON.stringify(value));
  conforms(t, 'overview', json(overviewOf(now, { ...MADE, history: history(14) })));
  conforms(t, 'overview', json(overviewOf(now, { ...MADE, history: { fault: 'it is for root alone' } })));
});
