import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { SharedDeadline } from '../../../agent/checks/deadline.ts';

const never = (): Promise<string> => new Promise(() => undefined);

t.test('what is silent while nobody else is answered is given up at its deadline', async (t) => {
  await t.rejects(new SharedDeadline(60_000).within(20, never()), { message: /^no answer within [\d.]+ s$/ });
});

t.test('a deadline waits for as long as others are answered', async (t) => {
  const deadlines = new SharedDeadline(300);
  const slow = deadlines.within(50, sleep(400, 'at last'));
  // Answered one after the other, as on a machine that is slow and does not hang.
  await deadlines.within(1000, sleep(20));
  await deadlines.within(1000, sleep(200));
  t.equal(await slow, 'at last');
});

t.test('what has come while this process stood still is heard', async (t) => {
  const deadlines = new SharedDeadline(20);
  const slow = deadlines.within(50, sleep(100, 'at last'));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  t.equal(await slow, 'at last');
});

t.test('an answer that is an error is one too', async (t) => {
  const deadlines = new SharedDeadline(60_000);
  const slow = deadlines.within(50, sleep(200, 'at last'));
  await t.rejects(deadlines.within(1000, Promise.reject(new Error('broken'))), { message: 'broken' });
  t.equal(await slow, 'at last');
});

t.test('once the others have come to rest, it is given up', async (t) => {
  const deadlines = new SharedDeadline(100);
  const hung = deadlines.within(20, never());
  await deadlines.within(1000, sleep(1));
  await t.rejects(hung, { message: /^no answer within/ });
});
