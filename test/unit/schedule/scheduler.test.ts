import t from 'tap';
import { UserError } from '../../../agent/errors.ts';
import { every, HOUR_MS, jobOf, MINUTE_MS, RECORD, rigOf } from './rig.ts';

const SIX_HOURS_MS = 6 * HOUR_MS;
const checks = (ran: string[]) => [jobOf('readiness', ran, every(SIX_HOURS_MS))];

t.test('runs when it is due, and again and again', async (t) => {
  const { scheduler, ran, pass, dueIn } = rigOf(t, checks);
  await scheduler.start([], 0);
  t.equal(dueIn('readiness'), SIX_HOURS_MS);
  await pass(SIX_HOURS_MS - MINUTE_MS);
  t.strictSame(ran, [], 'not before');
  await pass(MINUTE_MS);
  t.strictSame(ran, ['readiness']);
  t.equal(dueIn('readiness'), SIX_HOURS_MS);
  await pass(12 * HOUR_MS + MINUTE_MS);
  t.equal(ran.length, 3);
  await scheduler.stop();
});

t.test('what is urgent is due now, but not before the machine has settled', async (t) => {
  const { scheduler, ran, pass } = rigOf(t, checks, { recorded: { readiness: HOUR_MS } });
  await scheduler.start(['readiness'], 5 * MINUTE_MS);
  await pass(4 * MINUTE_MS);
  t.strictSame(ran, []);
  await pass(2 * MINUTE_MS);
  t.strictSame(ran, ['readiness']);
  await scheduler.stop();
});

t.test('a time on record holds, also one that was missed while we were off', async (t) => {
  const later = rigOf(t, checks, { recorded: { readiness: HOUR_MS } });
  await later.scheduler.start([], 0);
  t.equal(later.dueIn('readiness'), HOUR_MS);
  await later.scheduler.stop();

  const missed = rigOf(t, checks, { recorded: { readiness: -30 * HOUR_MS } });
  await missed.scheduler.start([], 0);
  await missed.pass(MINUTE_MS);
  t.strictSame(missed.ran, ['readiness'], 'once, however often it was missed');
  await missed.scheduler.stop();
});

t.test('it is on record from the start: a process that soon leaves again would never come to it', async (t) => {
  const rig = rigOf(t, checks);
  await rig.scheduler.start([], 0);
  t.match(JSON.parse((await rig.record()) ?? ''), { schema: 1, due: rig.scheduler.due });
  await rig.pass(10 * MINUTE_MS);
  await rig.scheduler.stop();
  const again = rigOf(t, checks, { record: (await rig.record()) ?? '' });
  await again.scheduler.start([], 0);
  t.strictSame(again.scheduler.due, rig.scheduler.due);
  await again.scheduler.stop();
});

t.test('a record that is right already is not written again', async (t) => {
  const written: string[] = [];
  const system = { write: async (path: string) => void written.push(path) };
  const rig = rigOf(t, checks, { recorded: { readiness: HOUR_MS }, system });
  await rig.scheduler.start([], 0);
  await rig.pass(30 * MINUTE_MS);
  await rig.scheduler.stop();
  t.strictSame(written, []);
});

t.test('what was slept through is made up for at the next look, a quarter of an hour later at most', async (t) => {
  const { scheduler, ran, pass, leap } = rigOf(t, checks);
  await scheduler.start([], 0);
  leap(20 * HOUR_MS);
  t.strictSame(ran, []);
  await pass(15 * MINUTE_MS);
  t.strictSame(ran, ['readiness']);
  await scheduler.stop();
});

t.test('the clock was ahead, and is set back', async (t) => {
  const rig = rigOf(t, (ran) => [
    jobOf('readiness', ran, every(SIX_HOURS_MS)),
    jobOf('rehearsal', ran, every(24 * HOUR_MS)),
  ]);
  await rig.scheduler.start([], 0);
  rig.leap(-30 * 24 * HOUR_MS);
  t.ok((rig.dueIn('readiness') ?? 0) > 29 * 24 * HOUR_MS);
  await rig.pass(15 * MINUTE_MS);
  t.equal(rig.dueIn('readiness'), SIX_HOURS_MS, 'seen from the clock as it is now');
  t.equal(rig.dueIn('rehearsal'), 24 * HOUR_MS);
  t.strictSame(rig.ran, []);
  await rig.pass(SIX_HOURS_MS);
  t.strictSame(rig.ran, ['readiness']);
  await rig.scheduler.stop();
});

t.test('also when it is set back while a job runs', async (t) => {
  const rig = rigOf(t, (ran) => [
    jobOf('readiness', ran, every(HOUR_MS), async () => rig.leap(-30 * 24 * HOUR_MS)),
    jobOf('rehearsal', ran, every(24 * HOUR_MS)),
  ]);
  await rig.scheduler.start(['readiness'], 0);
  await rig.pass(MINUTE_MS);
  await rig.pass(16 * MINUTE_MS);
  t.ok((rig.dueIn('rehearsal') ?? Number.NaN) <= 24 * HOUR_MS);
  await rig.scheduler.stop();
});

t.test('while a run is under way nothing else is done, nor written', async (t) => {
  const written: boolean[] = [];
  const rig = rigOf(t, checks, { system: { write: async () => void written.push(rig.busy) } });
  rig.busy = true;
  await rig.scheduler.start(['readiness'], 0);
  await rig.pass(30 * MINUTE_MS);
  t.strictSame([rig.ran, written], [[], []]);
  rig.busy = false;
  await rig.pass(MINUTE_MS);
  t.strictSame([rig.ran, written], [['readiness'], [false, false]], 'within a minute after it');
  await rig.scheduler.stop();
});

t.test('a run that begins while a job is being done: that is written down after it', async (t) => {
  const written: boolean[] = [];
  const begin = async () => {
    rig.busy = true;
  };
  const rig = rigOf(t, (ran) => [jobOf('readiness', ran, every(SIX_HOURS_MS), begin)], {
    system: { write: async () => void written.push(rig.busy) },
  });
  await rig.scheduler.start(['readiness'], 0);
  await rig.pass(MINUTE_MS);
  t.strictSame([rig.ran, written], [['readiness'], [false]], 'a write to what is frozen would stop this process');
  rig.busy = false;
  await rig.pass(15 * MINUTE_MS);
  t.strictSame(written, [false, false]);
  await rig.scheduler.stop();
});

t.test('one after the other, and the second not into a run that began meanwhile', async (t) => {
  const gate = Promise.withResolvers<void>();
  const rig = rigOf(t, (ran) => [
    jobOf('readiness', ran, every(SIX_HOURS_MS), () => gate.promise),
    jobOf('rehearsal', ran, every(24 * HOUR_MS)),
  ]);
  await rig.scheduler.start(['readiness', 'rehearsal'], 0);
  const passing = rig.pass(MINUTE_MS);
  await new Promise(setImmediate);
  t.strictSame(rig.ran, ['readiness']);
  t.ok(rig.scheduler.working);
  rig.busy = true;
  gate.resolve();
  await passing;
  t.strictSame(rig.ran, ['readiness'], 'postponed');
  rig.busy = false;
  await rig.pass(2 * MINUTE_MS);
  t.strictSame(rig.ran, ['readiness', 'rehearsal']);
  await rig.scheduler.stop();
});

t.test('a job that another process keeps out is postponed, not left out', async (t) => {
  const refusals = [new UserError('lock.busy', 'one at a time')];
  const rig = rigOf(t, (ran) => [
    jobOf('rehearsal', ran, every(24 * HOUR_MS), async () => {
      const refusal = refusals.shift();
      if (refusal !== undefined) throw refusal;
    }),
  ]);
  await rig.scheduler.start(['rehearsal'], 0);
  await rig.pass(MINUTE_MS);
  t.ok((rig.dueIn('rehearsal') ?? 0) <= 0, 'still due');
  await rig.pass(2 * MINUTE_MS);
  t.strictSame(rig.ran, ['rehearsal', 'rehearsal']);
  t.equal(rig.dueIn('rehearsal'), 24 * HOUR_MS - MINUTE_MS);
  t.strictSame(rig.logged, []);
  await rig.scheduler.stop();
});

t.test('a job that throws is told of, and has its next time', async (t) => {
  const rig = rigOf(t, (ran) => [
    jobOf('readiness', ran, every(HOUR_MS), () => Promise.reject(new Error('no memory'))),
    jobOf('rehearsal', ran, every(HOUR_MS)),
  ]);
  await rig.scheduler.start(['readiness', 'rehearsal'], 0);
  await rig.pass(MINUTE_MS);
  t.strictSame(rig.ran, ['readiness', 'rehearsal'], 'it does not stand in the way of another');
  t.match(rig.logged, [/^error readiness by schedule failed: no memory/]);
  await rig.pass(HOUR_MS);
  t.equal(rig.ran.length, 4);
  await rig.scheduler.stop();
});

t.test('another schedule: what is on record beyond it does not count', async (t) => {
  const rig = rigOf(t, checks, { recorded: { readiness: 100 * HOUR_MS, gone: HOUR_MS } });
  await rig.scheduler.start([], 0);
  t.equal(rig.dueIn('readiness'), SIX_HOURS_MS);
  t.strictSame(Object.keys(rig.scheduler.due), ['readiness'], 'a job that there is no more');
  await rig.scheduler.stop();
});

t.test('off is off, whatever is on record or urgent', async (t) => {
  const rig = rigOf(t, (ran) => [jobOf('readiness', ran, async () => undefined)], {
    recorded: { readiness: -HOUR_MS },
  });
  await rig.scheduler.start(['readiness'], 0);
  await rig.pass(24 * HOUR_MS);
  t.strictSame([rig.ran, rig.scheduler.due], [[], {}]);
  await rig.scheduler.stop();
});

t.test('a record that cannot be written is told of once, and stops nothing', async (t) => {
  const system = { write: () => Promise.reject(new Error('ENOSPC')) };
  const rig = rigOf(t, checks, { system });
  await rig.scheduler.start([], 0);
  await rig.pass(HOUR_MS);
  t.equal(rig.logged.length, 1, 'not at every look');
  t.match(rig.logged, [/^warn {2}when the jobs of \[schedule\] are due next could not be written down: ENOSPC/]);
  await rig.pass(SIX_HOURS_MS);
  t.strictSame(rig.ran, ['readiness']);
  await rig.scheduler.stop();
});

for (const record of ['', '{', '[]', '{"due":7}', '{"due":{"readiness":"soon"}}', '{"due":null}', '\0']) {
  t.test(`a record that is ${JSON.stringify(record)} counts as none`, async (t) => {
    const rig = rigOf(t, checks, { record });
    await rig.scheduler.start([], 0);
    t.equal(rig.dueIn('readiness'), SIX_HOURS_MS);
    t.match(JSON.parse((await rig.record()) ?? ''), { due: { readiness: String } }, `${RECORD} is right again`);
    await rig.scheduler.stop();
  });
}

t.test('a job that our end cuts off has not been done', async (t) => {
  const cutOff = Promise.withResolvers<void>();
  const rig = rigOf(t, (ran) => [jobOf('readiness', ran, every(HOUR_MS), () => cutOff.promise)]);
  await rig.scheduler.start(['readiness'], 0);
  const passing = rig.pass(MINUTE_MS);
  await new Promise(setImmediate);
  rig.end();
  cutOff.reject(new Error('The operation was aborted'));
  await rig.scheduler.stop();
  await passing;
  t.ok((rig.dueIn('readiness') ?? Number.NaN) <= 0, 'the next start makes up for it');
  t.strictSame(rig.logged, [], 'and it is no error');
});

t.test('stop waits for a job that runs, and nothing is run afterwards', async (t) => {
  const gate = Promise.withResolvers<void>();
  const rig = rigOf(t, (ran) => [
    jobOf('readiness', ran, every(HOUR_MS), () => gate.promise),
    jobOf('rehearsal', ran, every(HOUR_MS)),
  ]);
  await rig.scheduler.start(['readiness', 'rehearsal'], 0);
  const passing = rig.pass(MINUTE_MS);
  await new Promise(setImmediate);
  let stopped = false;
  const stopping = rig.scheduler.stop().then(() => {
    stopped = true;
  });
  await new Promise(setImmediate);
  t.notOk(stopped);
  gate.resolve();
  await Promise.all([stopping, passing]);
  await rig.pass(24 * HOUR_MS);
  t.strictSame(rig.ran, ['readiness']);
});
