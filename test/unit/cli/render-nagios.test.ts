import t from 'tap';
import type { Finding, Verdict } from '../../../agent/checks/check.ts';
import { countsOf, exitCodeOf, verdictOf } from '../../../agent/checks/verdict.ts';
import { renderNagios } from '../../../agent/cli/render-nagios.ts';
import { AZURE } from '../checks/machine.ts';

const finding = (verdict: Verdict, id: string, detail = `detail of ${id}`): Finding => ({
  id,
  group: 'os',
  title: id,
  verdict,
  detail,
  durationMs: 1,
});

const line = (...findings: readonly Finding[]): string =>
  renderNagios({
    schema: 1,
    time: '2026-11-21T09:00:00.000Z',
    durationMs: 812,
    facts: AZURE,
    verdict: verdictOf(findings),
    exitCode: exitCodeOf(findings),
    counts: countsOf(findings),
    findings,
    expected: { consistency: 'crash', reason: 'x' },
  });

t.test('state, text and performance data', async (t) => {
  t.equal(
    line(finding('pass', 'a.a'), finding('skip', 'b.b')),
    'OK - 1 checks passed, expect crash consistency | fail=0;;;0 error=0;;;0 warn=0;;;0 pass=1;;;0 skip=1;;;0 time=0.812s;;;0\n',
  );
  t.match(
    line(finding('warn', 'a.a'), finding('fail', 'b.b')),
    /^CRITICAL - detail of b\.b \[b\.b\]; detail of a\.a \[a\.a\] \| /,
  );
  t.match(line(finding('warn', 'a.a')), /^WARNING - /);
  t.match(line(finding('error', 'a.a'), finding('warn', 'b.b')), /^UNKNOWN - detail of a\.a/);
});

t.test('nothing in the text ends it early', async (t) => {
  const text = line(finding('fail', 'a.a', 'x | y=1\nnext\u001b[2J'));
  t.match(text, /^CRITICAL - x \/ y=1 next \[2J \[a\.a\] \| fail=1;/);
  t.equal(text.split('\n').length, 2);
  t.ok(line(finding('fail', 'a.a', 'long '.repeat(1000))).length < 1300);
});
