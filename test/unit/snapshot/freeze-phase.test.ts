import t from 'tap';
import type { ThawReport } from '../../../agent/freezer/freezer.ts';
import { entered, REPORT, rigOf, signal, state } from './freeze-rig.ts';

t.test('prepares, freezes, thaws; the log waits meanwhile', async (t) => {
  const { phase, events, lines, timeline, error } = await entered();
  t.equal(error, undefined);
  t.strictSame(phase.frozen, ['/a', '/b']);
  t.strictSame(phase.evidence, { frozen: 'all', freezeLostAtMs: undefined });
  t.strictSame(lines, [], 'nothing is written while anything is frozen');
  await phase.leave();
  t.strictSame(events, ['prepare', 'freeze', 'thaw, with 0 lines written']);
  t.equal(lines.length, 1);
  t.equal(phase.frozenMs, 70);
  t.strictSame(phase.evidence, { frozen: 'all', freezeLostAtMs: undefined });
  t.strictSame(
    timeline.steps.map(({ phase: of, step, atMs }) => `${of} ${step} ${atMs}`),
    ['freeze freeze 0', 'freeze thaw 70'],
  );
});

t.test('with nothing to freeze the guard watches all the same, over what else must be left', async (t) => {
  const { phase, events, error } = await entered({ groups: [] });
  await phase.leave();
  t.equal(error, undefined);
  t.notOk(events.includes('freeze'));
  t.equal(events[0], 'prepare');
  t.strictSame(phase.evidence, { frozen: 'none', freezeLostAtMs: undefined });
});

t.test('with nothing to freeze the log waits all the same: somebody else may freeze what it goes to', async (t) => {
  const { phase, log, lines } = await entered({ groups: [] });
  log.warn('while it is held');
  t.strictSame(lines, []);
  await phase.leave();
  t.match(lines, [/while it is held/]);
});

t.test('what makes the thaw less sure is kept for the outcome', async (t) => {
  t.strictSame((await entered({ warnings: ['no timer'] })).phase.warnings, ['no timer']);
  t.strictSame((await entered()).phase.warnings, []);
});

t.test('what was not frozen is told, each by itself', async (t) => {
  const states = [
    state('a', 'frozen'),
    state('b', 'foreign', 'EBUSY'),
    state('c', 'failed', 'EIO'),
    state('d', 'hung'),
  ];
  const { phase, error } = await entered({ groups: ['abcd'], states });
  t.match(error, {
    errors: [
      { mountPoint: '/b', message: '/b was not frozen: EBUSY' },
      { mountPoint: '/c', message: '/c was not frozen: EIO' },
      { mountPoint: '/d', message: '/d was not frozen: the kernel did not finish freezing it in time' },
    ],
  });
  t.strictSame(phase.frozen, ['/a']);
  t.equal(phase.evidence.frozen, 'some');
  t.equal((await entered({ states: [state('a', 'failed')] })).phase.evidence.frozen, 'none');
  t.equal((await entered({ states: [state('a', 'frozen')] })).phase.evidence.frozen, 'some', 'one is not even named');
});

t.test('a freeze that never came to anything claims nothing, and the log goes on after the thaw', async (t) => {
  const { phase, lines, error } = await entered({ freeze: () => Promise.reject(new Error('the guard died')) });
  t.match(error, { message: 'the guard died' });
  t.equal(phase.evidence.frozen, 'none');
  await phase.leave();
  t.equal(lines.length, 1);
});

t.test('given up while it was being frozen, it claims nothing', async (t) => {
  const rig = rigOf();
  const given = new AbortController();
  await rig.phase.ready(signal);
  given.abort(new Error('given up'));
  await rig.phase.enter(given.signal);
  t.equal(rig.phase.evidence.frozen, 'none');
  t.strictSame(rig.phase.frozen, []);
});

t.test('the moment of a loss is known', async (t) => {
  const { phase, lost, clock } = await entered();
  clock.advance(40);
  lost.abort(new Error('the deadline passed'));
  clock.advance(40);
  t.ok(phase.lost?.aborted);
  t.equal(phase.evidence.freezeLostAtMs, 1040);
  await phase.leave();
  t.equal(phase.evidence.freezeLostAtMs, 1040);
});

/** What a thaw reports, when the loss was noticed, and since when the freeze then counts as lost. */
const EARLY: Readonly<Record<string, readonly [atMs: number | undefined, lostAt: number | undefined, since: number]>> =
  {
    'found at the end': [undefined, undefined, 0],
    'found at the end, without a time, after a known loss': [undefined, 1040, 0],
    'with its time': [1030, undefined, 1030],
    'with its time, noticed later': [1030, 1040, 1030],
  };

for (const [name, [atMs, lostAt, since]] of Object.entries(EARLY)) {
  t.test(`thawed early, ${name}: it cannot be said to have held`, async (t) => {
    const problem = {
      kind: 'early' as const,
      mountPoint: '/a',
      message: 'early',
      ...(atMs === undefined ? {} : { atMs }),
    };
    const { phase, lost, clock } = await entered({ report: { problems: [problem] } });
    if (lostAt !== undefined) {
      clock.advance(lostAt - 1000);
      lost.abort(new Error('lost'));
    }
    await t.rejects(phase.leave(), { errors: [{ mountPoint: '/a', message: '/a: early' }] });
    t.equal(phase.evidence.freezeLostAtMs, since);
  });
}

t.test('what is still owed, or who had to thaw, is a fault and no loss', async (t) => {
  const problems = [
    { kind: 'owed' as const, mountPoint: '/a', message: 'hangs' },
    { kind: 'guard-died' as const, message: 'the guard died' },
  ];
  const { phase } = await entered({ report: { problems } });
  await t.rejects(phase.leave(), { errors: [{ mountPoint: '/a' }, { message: 'the guard died' }] });
  t.equal(phase.evidence.freezeLostAtMs, undefined);
});

t.test('a thaw that has not reported has not said either that it was the first', async (t) => {
  const thaw = Promise.withResolvers<ThawReport>();
  const { phase } = await entered({ thaw: () => thaw.promise });
  const left = phase.leave();
  t.equal(phase.evidence.freezeLostAtMs, 0);
  thaw.resolve(REPORT);
  await left;
  t.equal(phase.evidence.freezeLostAtMs, undefined);
});

t.test('made ready and left without being entered, what was opened is given back', async (t) => {
  const { phase, events } = rigOf();
  await phase.ready(signal);
  await phase.leave();
  t.strictSame(events, ['prepare', 'thaw, with 0 lines written']);
});
