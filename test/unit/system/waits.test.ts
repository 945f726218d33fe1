import { once } from 'node:events';
import t from 'tap';
import { hearing, silenceOf } from '../../../agent/system/waits.ts';

const block = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

t.test('who says nothing is given up, with how long it was', async (t) => {
  const silence = silenceOf(80);
  // It keeps no process alive by itself.
  const alive = setTimeout(() => undefined, 10_000);
  await once(silence, 'abort');
  clearTimeout(alive);
  t.match(silence.reason, { message: 'no answer within 0.08 s' });
});

t.test('time in which this process could not listen does not count', async (t) => {
  const silence = silenceOf(400);
  block(1000);
  await new Promise((resolve) => setTimeout(resolve, 0));
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(silence.aborted, false);
});

t.test('a moment to hear is one of turns', async (t) => {
  let turns = 0;
  let over = false;
  const turn = () => {
    turns += 1;
    if (!over) setImmediate(turn);
  };
  const heard = hearing(80);
  setImmediate(turn);
  block(500);
  await heard;
  over = true;
  t.ok(turns > 6, `${turns} turns`);
});
