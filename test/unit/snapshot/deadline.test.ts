import { getEventListeners } from 'node:events';
import t from 'tap';
import { DeadlineError, within } from '../../../agent/snapshot/deadline.ts';

const never = () => new Promise<never>(() => undefined);
/** Settles with the signal, as work should. */
const obedient = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(new Error(`told: ${signal.reason?.message}`))),
  );

t.test('gives what the work gives, or throws what it throws', async (t) => {
  t.equal(await within('it', 1000, async () => 5), 5);
  await t.rejects(
    within('it', 1000, async () => Promise.reject(new Error('broken'))),
    { message: 'broken' },
  );
  await t.rejects(
    within('it', 1000, () => {
      throw new Error('at once');
    }),
    { message: 'at once' },
  );
});

t.test('ends at the deadline, also with work that does not listen', async (t) => {
  const startMs = performance.now();
  await t.rejects(within('the dance', 30, never), {
    name: 'DeadlineError',
    message: 'the dance took longer than 30 ms',
  });
  t.ok(performance.now() - startMs < 20_000);
  t.equal(new DeadlineError('x', 2500).message, 'x took longer than 2.5 s');
});

t.test('tells the work that the time is up, and what it says to that is nobody’s business', async (t) => {
  let told: unknown;
  const work = (signal: AbortSignal) => {
    signal.addEventListener('abort', () => {
      told = signal.reason;
    });
    return obedient(signal);
  };
  await t.rejects(within('it', 20, work), DeadlineError);
  t.type(told, DeadlineError);
});

t.test('ends with its parent, for the same reason', async (t) => {
  const parent = new AbortController();
  const ended = within('it', 10_000, never, parent.signal);
  parent.abort(new Error('the freeze is lost'));
  await t.rejects(ended, { message: 'the freeze is lost' });
});

t.test('does not even begin when its parent has ended', async (t) => {
  let begun = false;
  const work = async () => {
    begun = true;
  };
  await t.rejects(within('it', 1000, work, AbortSignal.abort(new Error('over'))), { message: 'over' });
  t.notOk(begun);
});

t.test('leaves nothing behind: no listener, no timer', async (t) => {
  const parent = new AbortController();
  for (let round = 0; round < 20; round += 1) await within('it', 60_000, async () => round, parent.signal);
  await within('it', 5, never, parent.signal).catch(() => undefined);
  t.equal(getEventListeners(parent.signal, 'abort').length, 0);
  t.notOk(process.getActiveResourcesInfo().includes('Timeout'));
});

t.test('work that fails after the deadline is no unhandled rejection', async (t) => {
  const unhandled: unknown[] = [];
  const listen = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', listen);
  const late = async () => {
    await new Promise((resolve) => setTimeout(resolve, 40));
    throw new Error('late');
  };
  await t.rejects(within('it', 10, late), DeadlineError);
  await new Promise((resolve) => setTimeout(resolve, 60));
  process.off('unhandledRejection', listen);
  t.strictSame(unhandled, []);
});
