import t from 'tap';
import { UserError } from '../../../agent/errors.ts';
import { MountError, type PhaseName, VerifyError } from '../../../agent/snapshot/phases.ts';
import fc from '../../fast-check.ts';
import { type Fate, NAMES, type Ran, run } from './cycle-rig.ts';

const READY = ['prepare', 'ready prepare', 'ready quiesce', 'ready freeze'];
const ENTER = ['enter prepare', 'enter quiesce', 'enter freeze'];
const LEAVE = ['leave freeze', 'leave quiesce', 'leave prepare', 'finish'];

t.test('ready, enter in order, take, leave last first, tell the taker', async (t) => {
  const { events, told, result } = run({});
  t.strictSame(await result, {
    taken: true,
    takeEndedAtMs: (await result).takeEndedAtMs,
    snapshot: 'snapshot-1',
    faults: [],
  });
  t.strictSame(events, [...READY, ...ENTER, 'take', ...LEAVE]);
  t.strictSame(told.get('taker'), { consistency: 'application', snapshot: 'snapshot-1' });
  const how = { consistency: 'application', froze: true, snapshot: 'snapshot-1' };
  for (const name of NAMES) t.strictSame(told.get(name), how, name);
});

const FATES: Readonly<Record<string, { readonly fate: Fate; readonly message: RegExp }>> = {
  throws: { fate: new Error('broken'), message: /^broken$/ },
  'throws before there is a promise': { fate: 'throws at once', message: /^at once$/ },
  hangs: { fate: 'hangs', message: /took longer than 25 ms$/ },
};

/** What is begun when the way in fails at this phase: those after it too, unless it is required. */
const expected = (failing: PhaseName, required: boolean): readonly string[] => {
  const at = required ? NAMES.indexOf(failing) : 2;
  const entered = NAMES.slice(0, at + 1);
  const left = NAMES.filter((name) => entered.includes(name) || name === 'freeze').toReversed();
  const take = required ? [] : ['take'];
  return [
    ...READY,
    ...entered.map((name) => `enter ${name}`),
    ...take,
    ...left.map((name) => `leave ${name}`),
    'finish',
  ];
};

for (const name of NAMES) {
  for (const [how, { fate, message }] of Object.entries(FATES)) {
    for (const required of [true, false]) {
      t.test(`${required ? 'required' : 'optional'} ${name} ${how} on the way in`, async (t) => {
        const { events, result } = run({ fates: { [`${name} enter`]: fate }, required: required ? [name] : [] });
        const { taken, snapshot, faults } = await result;
        t.strictSame(events, expected(name, required));
        t.equal(taken, !required);
        t.equal(snapshot, required ? undefined : 'snapshot-1');
        t.match(faults, [{ phase: name, during: 'enter', message }]);
        t.equal(faults.length, 1);
      });
    }
    t.test(`${name} ${how} on the way out: the others are left all the same`, async (t) => {
      const { events, result } = run({ fates: { [`${name} leave`]: fate } });
      const { taken, faults } = await result;
      t.strictSame(events, [...READY, ...ENTER, 'take', ...LEAVE]);
      t.ok(taken);
      t.match(faults, [{ phase: name, during: 'leave', message }]);
    });
    // Its limit is a minute, too long for a test.
    if (fate === 'hangs') continue;
    t.test(`${name} ${how} when it is made ready: nothing was touched, and it is refused`, async (t) => {
      const { events, told, result } = run({ fates: { [`${name} ready`]: fate } });
      await t.rejects(result, { message });
      const asked = READY.slice(0, NAMES.indexOf(name) + 2);
      t.strictSame(events, [...asked, 'leave freeze', 'finish'], 'a freeze that was made ready is given back');
      t.strictSame(told.get('taker'), { consistency: 'none' });
    });
  }
}

t.test('what the scripts may have changed is made ready again after them, and before anything is held', async (t) => {
  const { events, result } = run({ fates: { 'freeze renew': async () => undefined } });
  t.strictSame((await result).faults, []);
  const again = ['enter prepare', 'renew freeze', 'enter quiesce', 'enter freeze'];
  t.strictSame(events, [...READY, ...again, 'take', ...LEAVE]);
});

t.test('what cannot be made ready again is a fault, and the end where it is required', async (t) => {
  const fates = { 'freeze renew': new Error('gone') };
  const optional = run({ fates });
  t.match(await optional.result, { taken: true, faults: [{ phase: 'freeze', during: 'ready', message: 'gone' }] });
  t.ok(optional.events.includes('enter freeze'));
  const required = run({ fates, required: ['freeze'] });
  t.match(await required.result, { taken: false, faults: [{ phase: 'freeze', during: 'ready', message: 'gone' }] });
  t.strictSame(required.events, [...READY, 'enter prepare', 'renew freeze', 'leave freeze', 'leave prepare', 'finish']);
});

for (const [how, { fate, message }] of Object.entries(FATES)) {
  t.test(`the take ${how}`, async (t) => {
    const { events, told, result } = run({ fates: { 'taker take': fate } });
    const { taken, snapshot, faults } = await result;
    t.strictSame(events, [...READY, ...ENTER, 'take', ...LEAVE]);
    t.notOk(taken);
    t.equal(snapshot, undefined);
    t.match(faults, [{ phase: 'take', during: 'take', message }]);
    t.strictSame(told.get('taker'), { consistency: 'none' });
    t.strictSame(told.get('prepare'), { consistency: 'none', froze: true }, 'and the scripts hear of it');
  });
}

t.test('a taker that cannot be made ready refuses the run, and is told all the same', async (t) => {
  const refusal = new UserError('taker.not-started', 'no such program');
  const { events, result } = run({ fates: { 'taker prepare': refusal } });
  await t.rejects(result, refusal);
  t.strictSame(events, ['prepare', 'leave freeze', 'finish']);
});

t.test('what fails while a refusal is taken back does not hide the refusal', async (t) => {
  const fates = {
    'quiesce ready': new Error('refused'),
    'freeze leave': new Error('x'),
    'taker finish': new Error('y'),
  };
  await t.rejects(run({ fates }).result, { message: 'refused' });
});

t.test('a taker that does not take the outcome well is a fault', async (t) => {
  const { taken, faults } = await run({ fates: { 'taker finish': new Error('broken') } }).result;
  t.ok(taken);
  t.match(faults, [{ phase: 'take', during: 'leave', message: 'broken' }]);
});

t.test('a fault says all that is known of it', async (t) => {
  const several = new AggregateError([
    new MountError('/data', '/data was not frozen'),
    new UserError('x', 'a user’s', { remedy: 'Do this.' }),
    'not an error',
  ]);
  const verify = new AggregateError([new VerifyError('mysql: the session dropped'), new Error('not released')]);
  const { faults } = await run({ fates: { 'freeze enter': several, 'quiesce leave': verify } }).result;
  t.strictSame(faults, [
    { phase: 'freeze', during: 'enter', message: '/data was not frozen', mountPoint: '/data' },
    { phase: 'freeze', during: 'enter', message: 'a user’s', code: 'x', remedy: 'Do this.' },
    { phase: 'freeze', during: 'enter', message: 'not an error' },
    { phase: 'quiesce', during: 'verify', message: 'mysql: the session dropped' },
    { phase: 'quiesce', during: 'leave', message: 'not released' },
  ]);
});

t.test('the timeline has a line for each step, with what failed', async (t) => {
  const { timeline, result } = run({ fates: { 'quiesce enter': new Error('broken') } });
  await result;
  t.strictSame(
    timeline.steps.map(({ phase, step, error }) => [phase, step, error].filter(Boolean).join(' ')),
    [
      'prepare enter',
      'quiesce enter broken',
      'freeze enter',
      'take take',
      'freeze leave',
      'quiesce leave',
      'prepare leave',
      'take leave',
    ],
  );
});

/** Which steps fail, and how. The last one has half a minute, so it never hangs here. */
const failure = fc.constantFrom<Fate>(new Error('broken'), new AggregateError([]), 'throws at once');
const steps = [...NAMES.flatMap((name) => [`${name} enter`, `${name} leave`]), 'taker take'];
const fates = fc
  .tuple(
    fc.dictionary(fc.constantFrom(...steps), fc.oneof(failure, fc.constant<Fate>('hangs')), { maxKeys: 4 }),
    fc.option(failure),
  )
  .map(([all, last]): Record<string, Fate> => (last === null ? all : { ...all, 'taker finish': last }));

t.test('after the first way in it always returns, and leaves each phase that it tried, last first', async () => {
  await fc.assert(
    fc.asyncProperty(fates, fc.subarray([...NAMES]), async (chosen, required) => {
      const ran = run({ fates: chosen, required });
      const { taken, faults } = await ran.result;
      assertSound(ran, taken, chosen, required);
      const failed = Object.keys(chosen).filter((step) => ran.events.includes(eventOf(step))).length;
      if (faults.length !== failed) throw new Error(`${failed} steps failed, ${faults.length} faults`);
    }),
    { numRuns: 60 },
  );
});

const eventOf = (step: string): string => {
  const [who, what = ''] = step.split(' ');
  return who === 'taker' ? what : `${what} ${who}`;
};

function assertSound({ events }: Ran, taken: boolean, chosen: Record<string, Fate>, required: readonly string[]): void {
  const of = (step: string) =>
    events.filter((event) => event.startsWith(`${step} `)).map((event) => event.split(' ')[1]);
  const [entered, left] = [of('enter'), of('leave')];
  const expectedLeft = NAMES.filter((name) => entered.includes(name) || name === 'freeze').toReversed();
  if (left.join() !== expectedLeft.join()) throw new Error(`entered ${entered}, left ${left}`);
  if (events.at(-1) !== 'finish') throw new Error('the taker is told last');
  const stopped = required.some((name) => entered.includes(name as PhaseName) && chosen[`${name} enter`] !== undefined);
  if (events.includes('take') === stopped) throw new Error('taken without what is required, or not with it');
  if (taken !== (!stopped && chosen['taker take'] === undefined)) throw new Error('says that it was taken');
}
