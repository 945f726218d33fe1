import t from 'tap';
import { RunWatch } from '../../../agent/control/run-watch.ts';
import { holdTaker } from '../../../agent/takers/hold.ts';
import { fakeClock } from '../../fakes/clock.ts';

const signal = new AbortController().signal;

t.test('what is told of a run: entering, held, leaving', async (t) => {
  const clock = fakeClock();
  const watch = new RunWatch('hold', 10_000, clock);
  const began = '2026-03-01T03:00:00.000Z';
  t.strictSame(watch.status(), {
    schema: 1,
    state: 'entering',
    kind: 'hold',
    pid: process.pid,
    since: began,
    until: '2026-03-01T03:00:10.000Z',
    faults: [],
  });

  clock.advance(2000);
  const hold = holdTaker();
  const taken = watch.watching(hold).take(signal, { faults: [{ phase: 'prepare', message: 'it failed' }] });
  const held = await watch.held;
  t.match(held, { state: 'held', since: '2026-03-01T03:00:02.000Z', until: '2026-03-01T03:00:12.000Z' });
  t.strictSame(held.faults, [{ phase: 'prepare', message: 'it failed' }], 'whoever copies must know');
  clock.advance(1000);
  t.strictSame(watch.status(), held, 'it does not move on');

  hold.release();
  await taken;
  t.equal(watch.status().state, 'leaving');
});

t.test('one that is lost is left too', async (t) => {
  const watch = new RunWatch('hold', 10_000, fakeClock());
  const lost = AbortSignal.abort(new Error('the deadline passed'));
  await t.rejects(watch.watching(holdTaker()).take(lost, { faults: [] }), { message: 'the deadline passed' });
  t.equal(watch.status().state, 'leaving');
});

t.test('told to let go before it is held, it is never said to be held', async (t) => {
  const watch = new RunWatch('hold', 10_000, fakeClock());
  watch.leaving();
  t.equal(watch.status().state, 'leaving');
  const hold = holdTaker();
  hold.release();
  await watch.watching(hold).take(signal, { faults: [] });
  t.equal((await watch.held).state, 'leaving');
});

t.test('the rest of the taker is as it was', async (t) => {
  const hold = holdTaker();
  const { take: _, ...rest } = new RunWatch('hold', 1, fakeClock()).watching(hold);
  const { take: __, ...own } = hold;
  t.strictSame(rest, own);
});
