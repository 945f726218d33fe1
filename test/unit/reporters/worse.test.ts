import t from 'tap';
import type { StatusExpected, StatusProblem } from '../../../agent/reporters/status.ts';
import {
  KNOWN_NOTHING,
  type Known,
  knownOf,
  parseKnown,
  remembered,
  whatIsWorse,
} from '../../../agent/reporters/worse.ts';
import { problem, status } from './told.ts';

const at = (consistency: StatusExpected['consistency'], ...problems: readonly StatusProblem[]) =>
  status({ problems, expected: { consistency, reason: '' } });
const after = (...args: Parameters<typeof at>): Known => knownOf(at(...args));
const A = problem('fail', 'a.a');
const B = problem('warn', 'b.b');

const CASES = {
  'nothing was known, nothing is wrong': [KNOWN_NOTHING, at('crash'), undefined],
  'nothing was known, something is wrong': [KNOWN_NOTHING, at('crash', A), ['a.a']],
  'the same': [after('crash', A, B), at('crash', A, B), undefined],
  'one is new': [after('crash', A), at('crash', A, B), ['b.b']],
  'one has gone': [after('crash', A, B), at('crash', B), undefined],
  'one for another': [after('crash', A), at('crash', B), ['b.b']],
  'more serious': [after('crash', problem('warn', 'a.a')), at('crash', A), ['a.a']],
  'less serious': [after('crash', A), at('crash', problem('warn', 'a.a')), undefined],
  'broken after a warning': [after('crash', B), at('crash', problem('error', 'b.b')), ['b.b']],
  'the consistency has sunk': [after('application'), at('crash'), []],
  'the consistency has risen': [after('crash'), at('application'), undefined],
  'the consistency is not known': [after('application'), at('unknown'), undefined],
  'the consistency was not known': [after('unknown'), at('none'), undefined],
  'both at once': [after('application', A), at('none', A, B), ['b.b']],
} as const;

for (const [name, [known, now, worse]] of Object.entries(CASES)) {
  t.test(name, async (t) => {
    t.strictSame(
      whatIsWorse(known, now)?.map(({ id }) => id),
      worse,
    );
    t.equal(whatIsWorse(knownOf(now), now), undefined, 'and once told it is not told again');
  });
}

t.test('what could not be told is still worse next time; what has gone is forgotten', async (t) => {
  const known = after('application', A, problem('warn', 'b.b'));
  const now = at('crash', problem('fail', 'b.b'), problem('warn', 'c.c'));
  const kept = remembered(known, now);
  t.strictSame(kept, { problems: { 'b.b': 'warn' }, expected: 'application' });
  t.strictSame(
    whatIsWorse(kept, now)?.map(({ id }) => id),
    ['b.b', 'c.c'],
  );
  t.strictSame(
    whatIsWorse(kept, at('application', A))?.map(({ id }) => id),
    ['a.a'],
  );
});

t.test('what is remembered is read back, and what is not understood counts as nothing', async (t) => {
  const known = after('crash', A, B);
  t.strictSame(parseKnown(JSON.stringify(known)), known);
  for (const text of ['', '{', '[]', '{"problems":3}', '{"problems":null}', 'null'])
    t.strictSame(parseKnown(text), KNOWN_NOTHING, text);
});

t.test('an id that every object has is an id like another', async (t) => {
  const odd = problem('fail', 'constructor');
  t.strictSame(whatIsWorse(after('crash'), at('crash', odd)), [odd]);
});

t.test('a verdict that there is not is as good as none', async (t) => {
  const text = '{"problems":{"a.a":"fail","b.b":{"toString":null},"c.c":"toString"},"expected":"much"}';
  t.strictSame(parseKnown(text), { problems: { 'a.a': 'fail' } });
});
