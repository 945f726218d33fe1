import t from 'tap';
import type { PhaseName } from '../../../agent/snapshot/phases.ts';
import { consistencyOf, NAMES, run } from './cycle-rig.ts';

const READY = ['prepare', 'ready prepare', 'ready quiesce', 'ready freeze'];
const LEAVE = ['leave freeze', 'leave quiesce', 'leave prepare', 'finish'];
const untilAborted = () => new Promise<void>(() => undefined);

t.test('ended before it began: refused, and nothing was entered', async (t) => {
  const { events, result } = run({ signal: AbortSignal.abort(new Error('SIGTERM')) });
  await t.rejects(result, { message: 'SIGTERM' });
  t.strictSame(events, ['leave freeze', 'finish']);
});

t.test('ended on the way in, in the middle of each phase: left at once', async (t) => {
  for (const [index, name] of NAMES.entries()) {
    const end = new AbortController();
    const fate = () => {
      end.abort(new Error('SIGTERM'));
      return untilAborted();
    };
    const { events, result } = run({ fates: { [`${name} enter`]: fate }, signal: end.signal });
    const { taken, faults } = await result;
    const entered = NAMES.slice(0, index + 1);
    const left = NAMES.filter((each) => entered.includes(each) || each === 'freeze').toReversed();
    t.strictSame(events, [
      ...READY,
      ...entered.map((each) => `enter ${each}`),
      ...left.map((each) => `leave ${each}`),
      'finish',
    ]);
    t.notOk(taken);
    t.match(faults, [{ phase: name, during: 'enter', message: 'SIGTERM' }]);
  }
});

t.test('ended between two phases: the next one is not entered', async (t) => {
  const end = new AbortController();
  const { events, result } = run({
    fates: { 'prepare enter': async () => end.abort(new Error('SIGTERM')) },
    signal: end.signal,
  });
  const { taken, faults } = await result;
  t.notOk(taken);
  t.notOk(events.includes('enter quiesce'));
  t.notOk(events.includes('take'));
  t.ok(events.includes('leave prepare'));
  t.ok(faults.length > 0);
});

t.test('ended while it is taken', async (t) => {
  const end = new AbortController();
  const fate = () => {
    end.abort(new Error('SIGTERM'));
    return untilAborted();
  };
  const { events, told, result } = run({ fates: { 'taker take': fate }, signal: end.signal });
  const { taken, faults } = await result;
  t.notOk(taken);
  t.strictSame(events.slice(-4), LEAVE, 'leaving takes no notice of the end');
  t.match(faults, [{ phase: 'take', message: 'SIGTERM' }]);
  t.match(told.get('taker'), { consistency: 'none' });
});

t.test('ended while it is left: each way out is gone to its end', async (t) => {
  const end = new AbortController();
  const slow = async () => {
    end.abort(new Error('SIGTERM'));
    await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const { events, result } = run({ fates: { 'freeze leave': slow, 'quiesce leave': slow }, signal: end.signal });
  const { taken, faults } = await result;
  t.ok(taken);
  t.strictSame(faults, []);
  t.strictSame(events.slice(-4), LEAVE);
});

t.test('a phase that does not hold any more ends the take', async (t) => {
  for (const name of ['quiesce', 'freeze'] as const) {
    const ran = run({
      fates: {
        'taker take': () => {
          ran.lose(name, new Error(`${name} is lost`));
          return untilAborted();
        },
      },
    });
    const startMs = performance.now();
    const { taken, faults } = await ran.result;
    t.ok(performance.now() - startMs < 5000, 'before its own limit');
    t.notOk(taken);
    t.match(faults, [{ phase: 'take', during: 'take', message: `${name} is lost` }]);
    t.strictSame(ran.events.slice(-4), LEAVE);
  }
});

t.test('lost before the take, nothing is taken', async (t) => {
  const lose = (name: PhaseName, during: PhaseName) => {
    const ran = run({ fates: { [`${during} enter`]: async () => ran.lose(name, new Error('lost')) } });
    return ran;
  };
  const early = lose('quiesce', 'quiesce');
  t.notOk((await early.result).taken);
  t.notOk(early.events.includes('enter freeze'), 'what comes after it is not even entered');
  t.notOk(early.events.includes('take'));
  const late = lose('freeze', 'freeze');
  t.notOk((await late.result).taken);
  t.notOk(late.events.includes('take'), 'the copy is not even begun');
});

t.test('each is told what is known when it is left', async (t) => {
  const { told, result } = run({ evidence: { frozen: 'some' } });
  await result;
  for (const name of NAMES) t.match(told.get(name), { consistency: 'crash', froze: false });
  t.equal(consistencyOf({ frozen: 'some' }), 'crash');
});
