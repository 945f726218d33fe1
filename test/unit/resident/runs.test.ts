import t from 'tap';
import type { Run } from '../../../agent/daemon.ts';
import { UserError } from '../../../agent/errors.ts';
import { Runs } from '../../../agent/resident/runs.ts';
import type { Outcome } from '../../../agent/snapshot/outcome.ts';
import { fakeClock } from '../../fakes/clock.ts';

const OUTCOME = { schema: 1, consistency: 'none' } as Outcome;

/** One that ends when it is released, or told to. */
function fakeRun() {
  const end = Promise.withResolvers<Outcome>();
  end.promise.catch(() => undefined);
  let released = 0;
  const run: Run = {
    status: () => ({ schema: 1, state: 'held', kind: 'hold', pid: 7, since: '', until: '', faults: [] }),
    held: new Promise(() => undefined),
    ended: end.promise,
    release() {
      released += 1;
      end.resolve(OUTCOME);
      return end.promise;
    },
  };
  return { run, end, released: () => released };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

t.test('one at a time, from the moment that it is asked for', async (t) => {
  const runs = new Runs(fakeClock());
  t.equal(runs.busy(), undefined);
  const planned = Promise.withResolvers<Run>();
  const { run, end } = fakeRun();
  const starting = runs.start('snapshot', () => planned.promise);
  const busy = { code: 'lock.busy', remedy: /--wait/, message: /quiesced snapshot \(process \d+, since 2026-03-01T/ };
  t.match(runs.busy(), busy, 'while it is planned');
  t.equal(runs.current, undefined);
  await t.rejects(
    runs.start('hold', async () => t.fail('it must not be planned') as never),
    busy,
  );
  planned.resolve(run);
  t.equal(await starting, run);
  t.equal(runs.current, run);
  t.match(runs.busy(), busy, 'while it lasts');
  end.resolve(OUTCOME);
  await turn();
  t.equal(runs.busy(), undefined);
  t.equal(runs.current, undefined);
});

t.test('every way out makes room for the next', async (t) => {
  const runs = new Runs(fakeClock());
  const refused = new UserError('config.invalid', 'line 3');
  await t.rejects(
    runs.start('hold', () => Promise.reject(refused)),
    { code: 'config.invalid' },
  );
  await turn();
  t.equal(runs.busy(), undefined, 'it was refused before it began');

  const failing = fakeRun();
  await runs.start('hold', async () => failing.run);
  failing.end.reject(new UserError('lock.busy', 'another process'));
  await turn();
  t.equal(runs.busy(), undefined, 'it was refused, or is broken');

  const released = fakeRun();
  await runs.start('hold', async () => released.run);
  t.equal(await runs.release(), OUTCOME);
  await turn();
  t.equal(runs.busy(), undefined, 'it was released');
});

t.test('what is planned is released as soon as it is', async (t) => {
  const runs = new Runs(fakeClock());
  const planned = Promise.withResolvers<Run>();
  const { run, released } = fakeRun();
  const starting = runs.start('hold', () => planned.promise);
  const releasing = runs.release();
  await turn();
  t.equal(released(), 0);
  planned.resolve(run);
  await starting;
  t.equal(await releasing, OUTCOME);
  t.equal(released(), 1);
});

t.test('there is nothing to release', async (t) => {
  const runs = new Runs(fakeClock());
  const none = { code: 'hold.none' };
  await t.rejects(runs.release(), none);
  const planned = Promise.withResolvers<Run>();
  const starting = runs.start('hold', () => planned.promise);
  const releasing = runs.release();
  planned.reject(new Error('there is no such mount point'));
  await t.rejects(starting, { message: /no such mount point/ });
  await t.rejects(releasing, none, 'it came to nothing');
});

t.test('idle is when all is left, also what was only planned', async (t) => {
  const runs = new Runs(fakeClock());
  await runs.idle();
  const planned = Promise.withResolvers<Run>();
  const { run, end } = fakeRun();
  const starting = runs.start('hold', () => planned.promise);
  let idle = false;
  const waiting = runs.idle().then(() => {
    idle = true;
  });
  await turn();
  t.notOk(idle, 'it is being planned');
  planned.resolve(run);
  await starting;
  await turn();
  t.notOk(idle, 'it is under way');
  end.reject(new Error('however it ends'));
  await waiting;
});
