import t from 'tap';
import type {
  FreezePlan,
  FreezeResult,
  Freezer,
  FreezeState,
  PreparedFreeze,
  ThawReport,
} from '../../../agent/freezer/freezer.ts';
import { createLog } from '../../../agent/log.ts';
import { FreezePhase, type FreezePhaseOptions } from '../../../agent/snapshot/freeze-phase.ts';
import { Timeline } from '../../../agent/snapshot/phases.ts';
import { fakeClock } from '../../fakes/clock.ts';

const signal = new AbortController().signal;
const fileSystem = (name: string) => {
  const mountPoint = `/${name}`;
  const id = `7:${name}`;
  return { id, type: 'ext4', source: '/dev/x', readOnly: false, hidden: false, mountPoint, mountPoints: [mountPoint] };
};
const state = (name: string, is: FreezeState['state'], error?: string): FreezeState => ({
  id: `7:${name}`,
  mountPoint: `/${name}`,
  state: is,
  ...(error === undefined ? {} : { error }),
});
const REPORT: ThawReport = {
  problems: [],
  frozenMs: 70,
  firstThawAtMs: 1070,
  steps: [{ step: 'thaw', mountPoint: '/a', atMs: 1070, tookMs: 1 }],
};

const planOf = (groups: readonly string[]): FreezePlan => ({
  groups: groups.map((group) => [...group].map(fileSystem)),
  deadlineMs: 10_000,
  expedite: true,
});

interface Wishes {
  readonly groups?: readonly string[];
  readonly states?: readonly FreezeState[];
  readonly freeze?: () => Promise<FreezeResult>;
  readonly warnings?: readonly string[];
  readonly report?: Partial<ThawReport>;
  readonly thaw?: () => Promise<ThawReport>;
  readonly follows?: false;
}

function rigOf(wishes: Wishes = {}) {
  const events: string[] = [];
  const lines: string[] = [];
  const lost = new AbortController();
  const clock = fakeClock();
  const log = createLog('info', (line) => lines.push(line));
  const timeline = new Timeline(1000);
  const prepared: PreparedFreeze = {
    async freeze() {
      events.push('freeze');
      log.info('while frozen');
      const steps = [{ step: 'freeze' as const, mountPoint: '/a', atMs: 1000, tookMs: 3 }];
      const fileSystems = wishes.states ?? [state('a', 'frozen'), state('b', 'frozen')];
      return wishes.freeze?.() ?? { fileSystems, steps, warnings: wishes.warnings ?? [] };
    },
    lost: lost.signal,
    async end() {
      events.push('end');
    },
    async thaw() {
      events.push(`thaw, with ${lines.length} lines written`);
      return wishes.thaw?.() ?? { ...REPORT, ...wishes.report };
    },
  };
  const freezer: Freezer = {
    async prepare(_plan, _signal, previous) {
      events.push(previous === undefined ? 'prepare' : 'follow');
      if (previous !== undefined && wishes.follows === false) throw new Error('its guard has not ended');
      return prepared;
    },
  };
  const plan = planOf(wishes.groups ?? ['ab']);
  const phaseWith = (differs: Partial<FreezePhaseOptions>) =>
    new FreezePhase({ freezer, plan, required: false, log, timeline, clock, ...differs });
  return { phase: phaseWith({}), phaseWith, events, log, lines, lost, clock, timeline };
}

async function entered(wishes?: Wishes) {
  const rig = rigOf(wishes);
  await rig.phase.ready(signal);
  const error: unknown = await rig.phase.enter(signal).catch((thrown: unknown) => thrown);
  return { ...rig, error };
}

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

t.test('what the scripts have mounted or unmounted is made ready again', async (t) => {
  const rig = rigOf();
  const plans = [undefined, planOf(['ab']), planOf(['ac']), planOf(['acd'])];
  const phase = rig.phaseWith({ replan: async () => plans.shift() });
  await phase.ready(signal);
  await phase.renew(signal);
  await phase.renew(signal);
  t.strictSame(rig.events, ['prepare'], 'the same file systems are not opened again');
  await phase.renew(signal);
  t.strictSame(rig.events, ['prepare', 'follow']);
  await phase.enter(signal);
  await t.rejects(phase.leave(), { errors: [{ mountPoint: '/d', message: /mounted meanwhile/ }] });
  t.equal(phase.evidence.freezeLostAtMs, 0, 'it was written to all the time');
});

t.test('left and made ready again, it is a freeze of its own', async (t) => {
  const reports = [
    { ...REPORT, frozenMs: 90, problems: [{ kind: 'early' as const, mountPoint: '/a', message: 'the deadline' }] },
    REPORT,
  ];
  const rig = rigOf({
    thaw: async () => reports.shift() ?? REPORT,
    states: [state('a', 'frozen'), state('d', 'frozen')],
  });
  const plans = [planOf(['ad'])];
  const phase = rig.phaseWith({ replan: async () => plans.shift() });
  await phase.ready(signal);
  await phase.enter(signal);
  await t.rejects(phase.leave());
  t.equal(phase.evidence.freezeLostAtMs, 0);
  await t.resolves(phase.leave(), 'a second time there is nothing left to be left');
  await phase.again(signal);
  t.strictSame(phase.evidence, { frozen: 'none', freezeLostAtMs: undefined }, 'nothing is known of it yet');
  await phase.enter(signal);
  t.strictSame(phase.evidence, { frozen: 'all', freezeLostAtMs: undefined });
  await phase.leave();
  t.strictSame(phase.evidence, { frozen: 'all', freezeLostAtMs: undefined }, 'what came meanwhile is frozen this time');
  t.equal(phase.frozenMs, 90, 'the longest counts');
  t.strictSame(
    rig.events.filter((event) => !event.startsWith('thaw')),
    ['prepare', 'freeze', 'follow', 'freeze'],
  );
});

t.test('what has not come to its end is not frozen again', async (t) => {
  const rig = rigOf({ report: { problems: [{ kind: 'owed', mountPoint: '/a', message: 'it hangs' }] } });
  const phase = rig.phaseWith({});
  await phase.ready(signal);
  await phase.enter(signal);
  await phase.leave().catch(() => undefined);
  await t.rejects(phase.again(signal), { message: /not all of it is thawed/ });
  t.notOk(rig.events.includes('follow'), 'no second guard');
});

t.test(
  'what cannot be had again is neither frozen nor thawed, and the guard that is left stays until the end',
  async (t) => {
    const rig = rigOf({ follows: false });
    const phase = rig.phaseWith({ replan: async () => planOf(['ac']) });
    await phase.ready(signal);
    await t.rejects(phase.renew(signal), { message: /has not ended/ });
    await t.rejects(phase.enter(signal));
    await phase.leave();
    t.strictSame(rig.events, ['prepare', 'follow']);
    await phase.end();
    t.strictSame(rig.events, ['prepare', 'follow', 'end']);
  },
);
