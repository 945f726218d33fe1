import t from 'tap';
import { silentLog } from '../../../agent/log.ts';
import type { Quiescer } from '../../../agent/quiescers/quiescer.ts';
import { addToHistory, readHistory } from '../../../agent/snapshot/history.ts';
import { Journal, type RunRecord, readOwed } from '../../../agent/snapshot/journal.ts';
import { recover } from '../../../agent/snapshot/recover.ts';
import { LeftBehind } from '../../../agent/takers/left-behind.ts';
import { type FakeSystem, fakeSystem } from '../../fakes/system.ts';
import { outcomeOf } from './outcomes.ts';

const run: RunRecord = { id: 'run-1', kind: 'snapshot', taker: 'command', startedAt: '2026-03-01T03:00:00.000Z' };
const now = new Date('2026-03-01T03:00:30.000Z');

async function dead(t: { teardown(last: () => void): unknown }, phases: Record<string, unknown>, ids = ['run-1']) {
  const system = fakeSystem({ now, files: { '/proc/sys/kernel/random/boot_id': 'boot-1\n' } });
  t.teardown(() => system.cleanUp());
  for (const id of ids) {
    const journal = await Journal.begin(system, 'boot-1', { ...run, id });
    for (const [phase, what] of Object.entries(phases)) await journal.owe(phase, what);
    // And there it died.
  }
  return system;
}

function quiescers(events: string[], fates: Readonly<Record<string, () => Promise<void>>>): readonly Quiescer[] {
  return Object.entries(fates).map(([id, release]) => ({
    id,
    title: id,
    hold: async () => void events.push(`hold ${id}`),
    verify: async () => void events.push(`verify ${id}`),
    release: () => {
      events.push(`release ${id}`);
      return release();
    },
  }));
}

const fine = async () => undefined;
const partsOf = (system: FakeSystem, of: readonly Quiescer[] = []) => ({ system, log: silentLog, quiescers: of });

t.test('nothing is owed, nothing is done', async (t) => {
  const system = await dead(t, {}, []);
  t.strictSame(await recover(partsOf(system)), { thawed: [], faults: [], outcomes: [] });
  t.strictSame(await readHistory(system), []);
});

t.test('a run that died is written down as worth nothing, and its record goes', async (t) => {
  const system = await dead(t, {});
  const { outcomes, faults } = await recover(partsOf(system));
  t.match(outcomes, [
    { id: 'run-1', kind: 'snapshot', consistency: 'none', tookMs: 30_000, reason: /died/, frozen: [] },
  ]);
  t.match(outcomes[0]?.faults, [{ phase: 'run', during: 'recover', message: /cut off/ }]);
  t.strictSame(faults, [], 'leaving it went well');
  t.strictSame(await readHistory(system), outcomes);
  t.strictSame(await readOwed(system), []);
  t.strictSame((await recover(partsOf(system))).outcomes, [], 'once');
});

t.test('applications are released, and nothing else is done to them', async (t) => {
  const events: string[] = [];
  const system = await dead(t, { quiesce: [{ id: 'mysql', owed: 1 }] });
  const { faults } = await recover(partsOf(system, quiescers(events, { mysql: fine, postgres: fine })));
  t.strictSame(events, ['release mysql']);
  t.strictSame(faults, []);
  t.strictSame(await readOwed(system), []);
});

t.test('one that cannot be released stays owed, and only that one', async (t) => {
  const events: string[] = [];
  const broken = () => Promise.reject(new Error('no connection'));
  const of = quiescers(events, { mysql: broken, postgres: fine });
  const system = await dead(t, { quiesce: ['gone', 'mysql', 'postgres'].map((id) => ({ id })) });
  const { faults } = await recover(partsOf(system, of));
  t.match(faults, [
    { phase: 'quiesce', during: 'recover', message: /gone is not configured any more/ },
    { phase: 'quiesce', during: 'recover', message: 'no connection' },
  ]);
  t.strictSame((await readOwed(system))[0]?.phases, { quiesce: [{ id: 'gone' }, { id: 'mysql' }] });
  t.equal((await readHistory(system)).length, 1);
  await recover(partsOf(system, quiescers(events, { gone: fine, mysql: fine })));
  t.strictSame(await readOwed(system), []);
  t.strictSame(events, ['release mysql', 'release postgres', 'release gone', 'release mysql']);
  const history = await readHistory(system);
  t.equal(history.length, 1, 'the run counts once');
  t.match(history[0]?.faults, [{ phase: 'run', during: 'recover' }]);
  t.equal(history[0]?.faults.length, 1, 'and in the end nothing was wrong with leaving it');
});

t.test('a record of scripts that is not understood is told once, and run never', async (t) => {
  const system = await dead(t, { prepare: [{ script: { post: 'rm' } }] });
  const { faults } = await recover(partsOf(system));
  t.match(faults, [{ phase: 'prepare', during: 'recover', message: /not understood/ }]);
  t.strictSame(system.ran, []);
  t.strictSame(await readOwed(system), []);
});

t.test('what a taker has left behind is given back, by what it has recorded', async (t) => {
  const given: unknown[] = [];
  let fate: Error | undefined = new Error('no room');
  const giveBack = async (taker: string, what: unknown): Promise<void> => {
    given.push([taker, what]);
    if (fate !== undefined) throw fate;
  };
  const system = await dead(t, { take: { set: 's1' } });
  const parts = { ...partsOf(system), giveBack };
  t.match((await recover(parts)).faults, [{ phase: 'take', during: 'recover', message: 'no room' }]);
  t.strictSame((await readOwed(system))[0]?.phases, { take: { set: 's1' } }, 'it stays owed');
  fate = undefined;
  t.strictSame((await recover(parts)).faults, []);
  t.strictSame(await readOwed(system), []);
  t.strictSame(given, [
    ['command', { set: 's1' }],
    ['command', { set: 's1' }],
  ]);
});

t.test('what no program can give back is told once', async (t) => {
  const system = await dead(t, { take: {} });
  const giveBack = () => Promise.reject(new LeftBehind('x.left', 'it may be there', { remedy: 'look' }));
  const { faults } = await recover({ ...partsOf(system), giveBack });
  t.match(faults, [{ phase: 'take', message: 'it may be there', remedy: 'look' }]);
  t.strictSame(await readOwed(system), []);
});

t.test('what each run owes is left, also when the one before could not be', async (t) => {
  const events: string[] = [];
  const broken = () => Promise.reject(new Error('no connection'));
  const system = await dead(t, { quiesce: [{ id: 'mysql' }] }, ['a', 'b']);
  const { outcomes } = await recover(partsOf(system, quiescers(events, { mysql: broken })));
  t.strictSame(
    outcomes.map(({ id }) => id),
    ['a', 'b'],
  );
  t.equal(events.length, 2);
  t.equal((await readOwed(system)).length, 2);
});

t.test('a run that came to its end keeps what it was worth', async (t) => {
  const events: string[] = [];
  const system = await dead(t, { quiesce: [{ id: 'mysql' }] });
  const fault = { phase: 'quiesce' as const, during: 'leave' as const, message: 'mysql: no connection' };
  await addToHistory(system, outcomeOf({ id: 'run-1', faults: [fault] }));
  const { outcomes } = await recover(partsOf(system, quiescers(events, { mysql: fine })));
  t.match(outcomes, [{ id: 'run-1', consistency: 'application', evidence: 'verified', faults: [fault] }]);
  t.strictSame(await readHistory(system), outcomes);
  t.strictSame(await readOwed(system), []);
});

t.test('a disk that is full refuses nobody', async (t) => {
  const system = await dead(t, { quiesce: [{ id: 'mysql' }] });
  const events: string[] = [];
  const full = { ...system, write: () => Promise.reject(new Error('ENOSPC')) };
  const { faults } = await recover({ ...partsOf(system, quiescers(events, { mysql: fine })), system: full });
  t.strictSame(events, ['release mysql']);
  t.match(faults, [
    { phase: 'quiesce', during: 'recover', message: 'ENOSPC' },
    { phase: 'run', during: 'recover', message: /could not be written down: ENOSPC/ },
  ]);
  t.equal((await readOwed(system)).length, 1, 'and the record stays');
});
