import t from 'tap';
import { addKept, type KeptSet, prune, readKept, surplusOf } from '../../../agent/takers/vss/kept.ts';
import { settleShadows } from '../../../agent/takers/vss/owed.ts';
import { guid } from '../../fakes/vss.ts';
import { never, vssRig } from './vss-rig.ts';

const setOf = (snapshot: string): string => snapshot.split(' ')[0] ?? '';
const FOLDER = 'C:\\ProgramData\\quiesced\\run\\vss-0a1b2c3d';

t.test('the newest stay, and those of others always', async (t) => {
  const { vss, take, system } = vssRig(t);
  const others = guid();
  vss.sets.add(others);
  const made = [];
  for (let count = 0; count < 4; count += 1) made.push(setOf(await take({ keep: 2 })));
  t.strictSame([...vss.sets], [others, ...made.slice(-2)]);
  t.strictSame(
    (await readKept(system)).map(({ set }) => set),
    made.slice(-2),
  );
  await take({ keep: 0 });
  t.strictSame([...vss.sets], [others], 'with 0 none of ours stays');
  t.strictSame(await readKept(system), []);
});

t.test('which are too many', async (t) => {
  const one = (set: string, consistency = 'application'): KeptSet => ({ set, madeAt: '', consistency });
  const names = (kept: readonly KeptSet[], keep: number) => surplusOf(kept, keep).map(({ set }) => set);
  t.strictSame(names([], 1), []);
  t.strictSame(names([one('a'), one('b'), one('c')], 2), ['a']);
  t.strictSame(names([one('a'), one('b')], 5), []);
  t.strictSame(names([one('a'), one('b'), one('c', 'file-system')], 1), ['a'], 'the last good one stays');
  t.strictSame(names([one('a', 'file-system'), one('b', 'file-system')], 1), ['a']);
  t.strictSame(names([one('a'), one('b', 'file-system')], 0), ['a', 'b']);
});

t.test('one that VSS has deleted itself is forgotten; one that stays is told and tried again', async (t) => {
  const { vss, take, system } = vssRig(t);
  const first = setOf(await take());
  vss.sets.delete(first);
  const second = setOf(await take());
  t.strictSame([...vss.sets], [second]);
  vss.stuck.add(second);
  await t.rejects(take(), { errors: [{ code: 'vss.not-deleted', remedy: new RegExp(second) }] });
  t.equal((await readKept(system)).length, 2);
  vss.stuck.clear();
  const last = setOf(await take());
  t.strictSame([...vss.sets], [last]);
});

t.test('what takes too long to be deleted stays on record, and its files go with the next start', async (t) => {
  const { vss, owed, take, taker, system } = vssRig(t);
  for (let count = 0; count < 3; count += 1) await take({ keep: 3 });
  const given = new AbortController();
  const reason = new Error('too late');
  vss.sets.delete = (set) => {
    given.abort(reason);
    return Set.prototype.delete.call(vss.sets, set);
  };
  const one = taker({ keep: 1 });
  await one.prepare(never);
  const taken = await one.take(never, { faults: [] });
  await t.rejects(one.finish({ consistency: 'application', ...taken }, given.signal), reason);
  t.equal(vss.sets.size, 3, 'no other one is begun');
  const left = owed.at(-1)?.what;
  t.match(left, { folder: String, settled: true });
  await settleShadows(system, left, never);
  t.equal(vss.sets.size, 3, 'the shadow copies are the business of the next run');
  t.ok(vss.sets.has(setOf(taken.snapshot ?? '')));
});

t.test('a record that is not ours to read ends a run before anything is made', async (t) => {
  const { vss, owed, taker, system } = vssRig(t);
  for (const set of [1, '"{0}"']) {
    const text = `{"kept":[{"set":${set},"madeAt":"","consistency":"crash"}]}`;
    await system.write('C:\\ProgramData\\quiesced\\state\\shadows.json', text);
    await t.rejects(taker().prepare(never), { code: 'vss.record-broken', remedy: /vssadmin list shadows/ }, text);
  }
  t.strictSame([vss.told, owed], [[], []]);
});

t.test('one that cannot be written down is told to be deleted', async (t) => {
  const { vss, owed, take, system } = vssRig(t);
  const { write } = system;
  const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  const onto = async (...[path, ...rest]: Parameters<typeof write>) => {
    if (path.endsWith('shadows.json')) throw full;
    return write(path, ...rest);
  };
  Object.assign(system, { write: onto });
  await t.rejects(take(), { code: 'vss.not-kept', message: /deleted by the next run: no space/, remedy: /Make room/ });
  Object.assign(system, { write });
  await settleShadows(system, owed.at(-1)?.what, never);
  t.strictSame([...vss.sets], [], 'and so it is');
});

t.test('what a run that died had made is deleted, and not kept', async (t) => {
  const { vss, system } = vssRig(t);
  const [set, others] = [guid(), guid()];
  for (const each of [set, others]) vss.sets.add(each);
  await addKept(system, { set, madeAt: '', consistency: 'application' });
  await settleShadows(system, { folder: FOLDER, set }, never);
  t.strictSame([...vss.sets], [others]);
  t.strictSame(await readKept(system), []);
});

t.test('what is too late changes the record of what is kept no more', async (t) => {
  const { vss, system } = vssRig(t);
  const [first, second] = [guid(), guid()];
  for (const set of [first, second]) {
    vss.sets.add(set);
    await addKept(system, { set, madeAt: '', consistency: 'application' });
  }
  const reason = new Error('too late');
  await t.rejects(prune(system, FOLDER, 0, AbortSignal.abort(reason)), reason);
  t.strictSame([...vss.sets], [first, second], 'nor is any other begun to be deleted');
  await t.rejects(settleShadows(system, { folder: FOLDER, set: first }, AbortSignal.abort(reason)), reason);
  t.strictSame(
    (await readKept(system)).map(({ set }) => set),
    [first, second],
  );
  await settleShadows(system, { folder: FOLDER, set: first }, never);
  t.strictSame([[...vss.sets], (await readKept(system)).map(({ set }) => set)], [[second], [second]]);
});

t.test('what it was still making is waited for, and found in its log', async (t) => {
  const { vss, system } = vssRig(t);
  const set = guid();
  vss.sets.add(set);
  vss.running.push(['4711']);
  const lines = `Alias QUIESCED_1 ${guid()}\r\nVSS_SHADOW_SET ${set}\r\n`;
  await system.makeDir(FOLDER, 0o700);
  await system.write(`${FOLDER}\\create.log`, Buffer.from(`\ufeff${lines}`, 'utf16le').toString('latin1'), {
    encoding: 'latin1',
  });
  await settleShadows(system, { folder: FOLDER }, never);
  t.strictSame([...vss.sets], []);
  t.equal(await system.stat(FOLDER), undefined);
});

t.test('where there may be one that nobody knows by its id', async (t) => {
  const { vss, system } = vssRig(t);
  const others = guid();
  vss.sets.add(others);
  const died = async (log: string | undefined) => {
    await system.makeDir(FOLDER, 0o700);
    if (log !== undefined) await system.write(`${FOLDER}\\create.log`, log);
    await settleShadows(system, { folder: FOLDER }, never);
  };
  await t.rejects(died('-> CREATE\r\n'), { code: 'vss.left', message: new RegExp(others) });
  t.equal(await system.stat(FOLDER), undefined);
  await t.resolves(died(undefined), 'it was not even begun');
  await t.resolves(died('VSS_E_PROVIDER_VETO'), 'it has failed');
  t.strictSame([...vss.sets], [others], 'and what is not ours stays');
  await addKept(system, { set: others, madeAt: '', consistency: 'application' });
  await t.resolves(died('-> CREATE\r\n'), 'there is none but those that are known');
  for (const broken of [
    undefined,
    {},
    { folder: 'C:\\Windows' },
    { folder: FOLDER, set: 1 },
    { folder: FOLDER, set: 'C:' },
  ])
    await t.rejects(settleShadows(system, broken, never), { code: 'vss.record-broken' });
});
