import t from 'tap';
import { type GatherLimits, gather } from '../../../agent/support/gather.ts';
import { Absent, type Part } from '../../../agent/support/part.ts';
import { localClock } from '../../../agent/system/local.ts';

const LIMITS: GatherLimits = { totalMs: 5000, totalBytes: 1000 };

const part = (name: string, work: () => Promise<string>, limitMs = 1000): Part => ({
  name,
  limitMs,
  gather: async () => ({ text: await work() }),
});

const run = (parts: readonly Part[], limits = LIMITS, signal = new AbortController().signal) =>
  gather(parts, localClock, signal, undefined, limits);

t.test('a part that fails, hangs or is not there loses nothing else', async (t) => {
  const { kept, leftOut } = await run([
    part('first', async () => 'one\n'),
    part('fails', () => Promise.reject(new Error('token=Abcdef1 is wrong'))),
    part('throws', () => {
      throw new TypeError('a bug');
    }),
    part('hangs', () => new Promise(() => undefined), 50),
    part('absent', () => Promise.reject(new Absent('there is no x'))),
    part('last', async () => 'two\n'),
  ]);
  t.match(kept, [
    { name: 'first', text: 'one\n' },
    { name: 'last', text: 'two\n' },
  ]);
  t.match(leftOut, [
    { name: 'fails', why: 'token=[redacted] is wrong', absent: false },
    { name: 'throws', why: 'a bug', absent: false },
    { name: 'hangs', why: 'hangs took longer than 50 ms', absent: false },
    { name: 'absent', why: 'there is no x', absent: true },
  ]);
});

t.test('it has an end in size and time', async (t) => {
  const big = await run([part('a', async () => 'x'.repeat(900)), part('b', async () => 'x'.repeat(900))]);
  t.match(big.leftOut, [{ name: 'b', why: 'the bundle is full' }]);
  const hang = (name: string) => part(name, () => new Promise(() => undefined), 80);
  const late = await run([...'abcdefgh'].map(hang), { ...LIMITS, totalMs: 40 });
  t.match(late.leftOut.map(({ why }) => why).slice(4), Array(4).fill('no time was left for it'));
});

t.test('a secret of the last part is taken out of the first one, and of names', async (t) => {
  const { kept, leftOut } = await run([
    part('first', async () => 'bare Hunter-2-Hunter'),
    part('Hunter-2-Hunter', () => Promise.reject(new Error('no Hunter-2-Hunter'))),
    { ...part('known', async () => ''), secretsIn: () => ['Known-to-the-part'] },
    part('last', async () => 'password=Hunter-2-Hunter Known-to-the-part'),
  ]);
  t.equal(kept[0]?.text, 'bare [redacted]');
  t.equal(kept[2]?.text, 'password=[redacted] [redacted]');
  t.match(leftOut[0], { name: '[redacted]', why: 'no [redacted]' });
});

t.test('it ends when it is told to', async (t) => {
  const end = new AbortController();
  const reason = new Error('Ctrl-C');
  setTimeout(() => end.abort(reason), 20);
  await t.rejects(run([part('hangs', () => new Promise(() => undefined))], LIMITS, end.signal), reason);
});
