/** The fuzzer finds what it is for: bugs that were planted. */
import t from 'tap';
import { inputOf } from './inputs.ts';
import { targets } from './planted-targets.ts';
import type { FuzzTarget } from './target.ts';
import { fuzz } from './watch.ts';

const list = new URL('./planted-targets.ts', import.meta.url).href;
const named = (name: string): FuzzTarget => targets.find((target) => target.name === name) as FuzzTarget;
const tried = (name: string, more: object = {}) =>
  fuzz(named(name), { list, seed: 'a', from: 0, to: 300, deadlineMs: 2000, ...more });

t.test('a crash, with the input that makes it again', async (t) => {
  const [failed, ...more] = await tried('crashes');
  t.match(failed?.why, /TypeError: Cannot read properties/);
  t.strictSame(more, [], 'told once');
  const number = failed?.number ?? 0;
  t.match(await tried('crashes', { from: number, to: number + 1 }), [{ number, why: failed?.why }]);
  t.strictSame(inputOf(named('crashes'), 'a', number), inputOf(named('crashes'), 'a', number));
  t.notSame(inputOf(named('crashes'), 'a', number), inputOf(named('crashes'), 'b', number), 'another seed');
});

t.test('a hang, in the middle of a pattern and of nothing', async (t) => {
  t.match(await tried('hangs', { to: 1, deadlineMs: 100 }), [{ why: /no answer within 1000 ms/ }]);
  t.match(await tried('never-answers', { to: 1, deadlineMs: 100 }), [{ number: 0, why: /no answer/ }]);
});

t.test('a refusal without a name, and what is thrown when nobody waits any more', async (t) => {
  t.match(await tried('unnamed'), [{ why: /UserError: no/ }]);
  t.match((await tried('later', { to: 20 }))[0], { why: /the thread died: SyntaxError/ });
});

t.test('nothing where there is nothing', async (t) => {
  t.strictSame(await tried('sound'), []);
});
