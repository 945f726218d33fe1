import t from 'tap';
import { holdTaker } from '../../../agent/takers/hold.ts';
import { noneTaker } from '../../../agent/takers/none.ts';

const signal = new AbortController().signal;
const isPending = (promise: Promise<unknown>) =>
  Promise.race([promise.then(() => false), new Promise((resolve) => setTimeout(resolve, 10, true))]);

t.test('listens before anything is held, and holds until it is released', async (t) => {
  let listening = false;
  const listen = async () => {
    listening = true;
  };
  const taker = holdTaker(listen);
  t.notOk(listening);
  await taker.prepare(signal);
  t.ok(listening);
  const taken = taker.take(signal, { faults: [] });
  t.ok(await isPending(taken));
  taker.release();
  t.strictSame(await taken, {}, 'whoever copied knows the name of the copy, we do not');
  await taker.finish({ consistency: 'file-system' }, signal);
});

t.test('released before it is held, it ends as soon as it would be', async (t) => {
  const taker = holdTaker();
  taker.release();
  taker.release();
  t.strictSame(await taker.take(signal, { faults: [] }), {});
});

t.test('what is lost ends the hold', async (t) => {
  const lost = new AbortController();
  const taken = holdTaker().take(lost.signal, { faults: [] });
  lost.abort(new Error('the deadline passed'));
  await t.rejects(taken, { message: 'the deadline passed' });
  await t.rejects(holdTaker().take(AbortSignal.abort(new Error('before')), { faults: [] }), {
    message: 'before',
  });
});

t.test('a way in that cannot be opened refuses the hold', async (t) => {
  const taker = holdTaker(() => Promise.reject(new Error('EADDRINUSE')));
  await t.rejects(taker.prepare(signal), { message: 'EADDRINUSE' });
});

t.test('a rehearsal takes nothing', async (t) => {
  t.notOk(noneTaker.takes);
  await noneTaker.prepare(signal);
  t.strictSame(await noneTaker.take(signal, { faults: [] }), {});
  await noneTaker.finish({ consistency: 'none' }, signal);
});
