import t from 'tap';
import { run } from './cycle-rig.ts';

const BEGIN = [
  ...['prepare', 'ready prepare', 'ready quiesce', 'ready freeze'],
  ...['enter prepare', 'enter quiesce', 'renew taker', 'enter freeze', 'take'],
];
const AGAIN = ['leave freeze', 'renew taker', 'again freeze', 'enter freeze', 'take'];
const END = ['leave freeze', 'leave quiesce', 'leave prepare', 'finish'];

/** Throws so often, and then does as it should. */
const failing = (times: number) => {
  let left = times;
  return async () => {
    if (left-- > 0) throw new Error('throttled');
  };
};

t.test('a taker that goes on cold is made warm before the freeze, once the applications are held', async (t) => {
  const { events, result } = run({ tries: 0 });
  t.strictSame((await result).faults, []);
  t.strictSame(events, [...BEGIN, ...END]);
});

t.test('a taker that cannot be made warm: nothing is frozen', async (t) => {
  const { events, result } = run({ tries: 1, fates: { 'taker renew': new Error('unreachable') } });
  t.match(await result, { taken: false, faults: [{ phase: 'take', during: 'ready', message: 'unreachable' }] });
  t.strictSame(events, [...BEGIN.slice(0, -2), ...END], 'what was made ready is given back');
});

t.test('a snapshot that was missed is tried again in a freeze of its own', async (t) => {
  const { events, timeline, result } = run({ tries: 2, fates: { 'taker take': failing(2) } });
  t.match(await result, { taken: true, snapshot: 'snapshot-1', faults: [] }, 'what was missed is no fault of this one');
  t.strictSame(events, [...BEGIN, ...AGAIN, ...AGAIN, ...END], 'scripts and applications stay as they are');
  const takes = timeline.steps.filter(({ phase, step }) => phase === 'take' && step === 'take');
  t.strictSame(
    takes.map(({ error }) => error),
    ['throttled', 'throttled', undefined],
    'and the timeline tells of all',
  );
});

t.test('a taker that sees no use in it is not asked for more', async (t) => {
  const { events, result } = run({ tries: 1, fates: { 'taker take': failing(9) } });
  t.match(await result, { taken: false, faults: [{ phase: 'take', during: 'take', message: 'throttled' }] });
  t.strictSame(events, [...BEGIN, ...AGAIN, ...END]);
});

t.test('a freeze that cannot be had again', async (t) => {
  const { events, result } = run({
    tries: 1,
    fates: { 'taker take': failing(1), 'freeze again': new Error('locked') },
  });
  const { taken, faults } = await result;
  t.notOk(taken);
  t.strictSame(
    faults.map(({ message }) => message),
    ['locked', 'throttled'],
    'both are told',
  );
  t.strictSame(events, [...BEGIN, ...AGAIN.slice(0, -2), ...END]);
});

t.test('a freeze that was lost before does not count for the one after it', async (t) => {
  let first = true;
  const leave = async () => {
    if (first) {
      first = false;
      throw new Error('the deadline passed');
    }
  };
  const { result } = run({ tries: 1, fates: { 'taker take': failing(1), 'freeze leave': leave } });
  t.match(await result, { taken: true, faults: [] });
});

t.test('applications that are lost meanwhile: there is no other try', async (t) => {
  const lost = run({
    tries: 1,
    fates: {
      'taker take': async () => {
        lost.lose('quiesce', new Error('held for too long'));
        throw new Error('throttled');
      },
    },
  });
  t.notOk((await lost.result).taken);
  t.strictSame(lost.events, [...BEGIN, ...END]);
});

t.test('a run that is given up: neither', async (t) => {
  const given = new AbortController();
  const { events, result } = run({
    tries: 1,
    signal: given.signal,
    fates: {
      'taker take': async () => {
        given.abort(new Error('told to end'));
        throw new Error('throttled');
      },
    },
  });
  t.notOk((await result).taken);
  t.strictSame(events, [...BEGIN, ...END]);
});
