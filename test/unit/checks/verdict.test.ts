import t from 'tap';
import type { Finding, Verdict } from '../../../agent/checks/check.ts';
import { countsOf, exitCodeOf, verdictOf } from '../../../agent/checks/verdict.ts';

const findings = (words: string): readonly Finding[] =>
  words
    .split(' ')
    .filter((word) => word !== '')
    .map((word, index) => ({
      id: `a.${index}`,
      group: 'os',
      title: '',
      verdict: word.replace('hidden-', '') as Verdict,
      detail: '',
      durationMs: 0,
      ...(word.startsWith('hidden-') ? { hiddenBy: 'a.0' } : {}),
    }));

const CASES: readonly (readonly [string, string, number])[] = [
  ['', 'pass', 0],
  ['pass pass', 'pass', 0],
  ['pass info skip', 'pass', 0],
  ['pass warn', 'warn', 1],
  ['warn error', 'error', 3],
  ['warn error fail', 'fail', 2],
  ['fail pass', 'fail', 2],
  ['error', 'error', 3],
  ['hidden-fail warn', 'warn', 1],
  ['hidden-error hidden-warn', 'pass', 0],
];

for (const [words, verdict, exitCode] of CASES) {
  t.test(words === '' ? 'nothing found' : words, async (t) => {
    t.equal(verdictOf(findings(words)), verdict);
    t.equal(exitCodeOf(findings(words)), exitCode);
  });
}

t.test('counts leave hidden findings out', async (t) => {
  t.strictSame(countsOf(findings('pass pass warn hidden-skip fail skip info error')), {
    pass: 2,
    warn: 1,
    fail: 1,
    skip: 1,
    info: 1,
    error: 1,
  });
});
