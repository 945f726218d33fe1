import t from 'tap';
import type { Quiescer } from '../../../agent/quiescers/quiescer.ts';
import { VerifyError } from '../../../agent/snapshot/phases.ts';
import { QuiescePhase } from '../../../agent/snapshot/quiesce-phase.ts';
import { until } from '../freezer/rig.ts';

const signal = new AbortController().signal;
const HOW = { consistency: 'none', froze: false };
const fail = (message: string) => () => Promise.reject(new Error(message));
const never = () => new Promise<never>(() => undefined);

function rigOf(applications: Readonly<Record<string, Partial<Quiescer>>>, deadlineMs = 1000) {
  const events: string[] = [];
  const owed: unknown[] = [];
  const quiescers = Object.entries(applications).map(([id, own]): Quiescer => {
    const act = (what: 'hold' | 'verify' | 'release') => (limit: AbortSignal) => {
      events.push(`${what} ${id}`);
      return own[what]?.(limit) ?? Promise.resolve();
    };
    const { owed } = own;
    const base = { id, title: `application ${id}`, hold: act('hold'), verify: act('verify'), release: act('release') };
    return {
      ...base,
      ...(owed === undefined ? {} : { owed }),
      ...(own.ready === undefined ? {} : { ready: own.ready }),
    };
  });
  const owe = async (what: unknown) => {
    events.push('owe');
    owed.push(structuredClone(what));
  };
  return { phase: new QuiescePhase(quiescers, false, deadlineMs, owe), events, owed };
}

t.test('records, holds, verifies, releases, records', async (t) => {
  const { phase, events, owed } = rigOf({ a: { owed: { session: 7 } }, b: {} });
  await phase.ready();
  t.equal(phase.evidence, 'failed', 'nothing is held yet');
  await phase.enter(signal);
  t.equal(phase.evidence, 'verified');
  t.strictSame(events, ['owe', 'hold a', 'hold b'], 'on record before the first effect');
  t.strictSame(owed, [[{ id: 'a', owed: { session: 7 } }]], 'but only what outlives this process');
  await phase.leave(HOW, signal);
  t.strictSame(events.slice(3).sort(), ['owe', 'release a', 'release b', 'verify a', 'verify b']);
  t.ok(events.indexOf('verify a') < events.indexOf('release a'));
  t.equal(owed.at(-1), undefined);
  t.equal(phase.evidence, 'verified');
});

t.test('without applications there is nothing to hold, and no claim', async (t) => {
  const { phase, events } = rigOf({});
  await phase.enter(signal);
  await phase.leave(HOW, signal);
  t.equal(phase.evidence, 'none');
  t.notOk(events.some((event) => event !== 'owe'));
});

t.test('one that cannot be held is named; it is released, but there is nothing to verify', async (t) => {
  const { phase, events } = rigOf({ a: { hold: fail('locked') }, b: {} });
  await t.rejects(phase.enter(signal), { errors: [{ message: 'application a: locked' }] });
  t.equal(phase.evidence, 'failed');
  await phase.leave(HOW, signal);
  t.notOk(events.includes('verify a'));
  t.ok(events.includes('release a'), 'it may be held by half');
  t.ok(events.includes('verify b'));
  t.equal(phase.evidence, 'failed');
});

t.test('what somebody else holds gets on no record, and is not released', async (t) => {
  const { phase, events, owed } = rigOf({ a: { owed: 1, ready: fail('held by others') }, b: { owed: 2 } });
  await t.rejects(phase.enter(signal), { errors: [{ message: 'application a: held by others' }] });
  t.strictSame(owed, [[{ id: 'b', owed: 2 }]]);
  t.equal(phase.evidence, 'failed');
  await phase.leave(HOW, signal);
  t.notOk(events.some((event) => event.endsWith(' a')));
  t.ok(events.includes('release b'), 'the others go on');
});

t.test('one that cannot be asked whether it is free is given up in its time', async (t) => {
  const a = { id: 'a', title: 'a', holdMs: 20, ready: never, hold: never, verify: never, release: never };
  const phase = new QuiescePhase([a], false, 5000, async () => undefined);
  await t.rejects(phase.enter(signal), {
    errors: [{ message: /to see whether it may be held took longer than 20 ms/ }],
  });
  await phase.leave(HOW, signal);
});

t.test('a hold that did not last is told, and lowers the level', async (t) => {
  const { phase, events } = rigOf({ a: { verify: fail('the session dropped') }, b: {} });
  await phase.enter(signal);
  const error = await phase.leave(HOW, signal).catch((thrown: AggregateError) => thrown);
  t.match(error, { errors: [{ message: 'application a: the session dropped' }] });
  t.type((error as AggregateError).errors[0], VerifyError);
  t.ok(events.includes('release a'), 'it is released all the same');
  t.equal(phase.evidence, 'failed');
});

t.test('one that cannot be released stays owed, and only that one', async (t) => {
  let broken = true;
  const release = async () => {
    if (broken) throw new Error('no connection');
  };
  const { phase, owed, events } = rigOf({ a: { owed: 1, release }, b: { owed: 2 } });
  await phase.enter(signal);
  await t.rejects(phase.leave(HOW, signal), { errors: [{ message: 'application a: no connection' }] });
  t.strictSame(owed.at(-1), [{ id: 'a', owed: 1 }]);
  t.equal(phase.evidence, 'verified', 'it was held all the same');
  broken = false;
  const before = events.length;
  await phase.leave(HOW, signal);
  t.notOk(events.slice(before).includes('release b'), 'once is enough');
  t.equal(owed.at(-1), undefined);
});

t.test('one whose verification hangs keeps no other held', async (t) => {
  const { phase, events } = rigOf({ a: { verify: never }, b: {} });
  await phase.enter(signal);
  const limit = new AbortController();
  const left = phase.leave(HOW, limit.signal).catch((error: AggregateError) => error);
  await until('b is released', () => events.includes('release b'));
  limit.abort(new Error('time is up'));
  t.match(await left, { errors: [{ message: /time is up/ }, { message: /time is up/ }] });
  t.equal(phase.evidence, 'failed', 'what was not verified is not claimed');
});

t.test('one whose release hangs stays owed when the time is up, the others do not', async (t) => {
  const { phase, owed } = rigOf({ a: { owed: 1, release: never }, b: { owed: 2 } });
  await phase.enter(signal);
  const limit = new AbortController();
  const left = phase.leave(HOW, limit.signal);
  setTimeout(() => limit.abort(new Error('time is up')), 20);
  await t.rejects(left, { errors: [{ message: /application a: time is up/ }] });
  t.strictSame(owed.at(-1), [{ id: 'a', owed: 1 }]);
});

t.test('a hold that comes when it was given up is no hold', async (t) => {
  const late = Promise.withResolvers<void>();
  const { phase, events } = rigOf({ a: { hold: () => late.promise } });
  const given = new AbortController();
  const entered = phase.enter(given.signal);
  entered.catch(() => undefined);
  while (!events.includes('hold a')) await new Promise(setImmediate);
  given.abort(new Error('given up'));
  late.resolve();
  await t.rejects(entered, { errors: [{ message: /given up/ }] });
  t.equal(phase.evidence, 'failed');
  await phase.leave(HOW, signal);
  t.ok(events.includes('release a'));
  t.notOk(events.includes('verify a'));
});

t.test('what cannot be recorded is not begun', async (t) => {
  const events: string[] = [];
  const a = { id: 'a', title: 'a', hold: async () => void events.push('hold'), verify: never, release: async () => {} };
  const phase = new QuiescePhase([a], true, 1000, fail('ENOSPC'));
  await t.rejects(phase.enter(signal), { message: 'ENOSPC' });
  t.strictSame(events, []);
  t.equal(phase.evidence, 'failed');
  await t.rejects(phase.leave(HOW, signal), { errors: [{ message: 'ENOSPC' }] });
});

t.test('held for too long, the hold is lost; left in time, it is not', async (t) => {
  const long = rigOf({ a: {} }, 30);
  await long.phase.enter(signal);
  t.notOk(long.phase.lost.aborted);
  await new Promise((resolve) => setTimeout(resolve, 60));
  t.ok(long.phase.lost.aborted);
  t.match(long.phase.lost.reason, { message: 'holding the applications took longer than 30 ms' });
  await long.phase.leave(HOW, signal);
  const short = rigOf({ a: {} }, 30);
  await short.phase.enter(signal);
  await short.phase.leave(HOW, signal);
  await new Promise((resolve) => setTimeout(resolve, 60));
  t.notOk(short.phase.lost.aborted);
});

t.test('left without ever having been entered', async (t) => {
  const { phase, events } = rigOf({ a: {} });
  await phase.leave(HOW, signal);
  t.strictSame(events, ['owe']);
});

t.test('each decides over the snapshot for itself', async (t) => {
  for (const [own, base, required] of [
    [undefined, false, false],
    [undefined, true, true],
    ['abort', false, true],
    ['continue', true, false],
  ] as const) {
    const given = { id: 'a', title: 'a', hold: fail('locked'), verify: never, release: async () => undefined };
    const a = own === undefined ? given : { ...given, onFailure: own };
    const b = { id: 'b', title: 'b', hold: async () => undefined, verify: never, release: async () => undefined };
    const phase = new QuiescePhase([a, b], base, 1000, async () => undefined);
    await t.rejects(phase.enter(signal));
    t.equal(phase.required, required, `${own}, otherwise ${base}`);
  }
});

t.test('one that takes longer than it may is given up, and let go when it has come to its end', async (t) => {
  const events: string[] = [];
  const late = Promise.withResolvers<void>();
  const a = {
    id: 'a',
    title: 'a',
    holdMs: 20,
    hold: () => late.promise.then(() => void events.push('held')),
    verify: never,
    release: async () => void events.push('released'),
  };
  const phase = new QuiescePhase([a], false, 5000, async () => undefined);
  await t.rejects(phase.enter(signal), { errors: [{ message: /took longer than 20 ms/ }] });
  setTimeout(late.resolve, 50);
  await phase.leave(HOW, signal);
  t.strictSame(events, ['held', 'released'], 'not the other way round: nobody would close it');
});

t.test('folders are those of what is held', async (t) => {
  const { phase } = rigOf({ a: {}, b: { hold: fail('locked') } });
  t.strictSame(phase.folders, []);
  const held = {
    id: 'c',
    title: 'c',
    folders: ['/srv'],
    hold: async () => undefined,
    verify: never,
    release: async () => undefined,
  };
  const other = new QuiescePhase([held], false, 1000, async () => undefined);
  await other.enter(signal);
  t.strictSame(other.folders, ['/srv']);
  await phase.leave(HOW, signal);
});
