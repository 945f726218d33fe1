import { existsSync, mkdirSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openFreezeJournal, readFreezeJournal } from '../../../agent/freezer/journal.ts';
import { SecondLine } from '../../../agent/freezer/second-line.ts';
import { localClock } from '../../../agent/system/local.ts';
import { EIO } from '../../../agent/system/native.ts';
import type { Clock } from '../../../agent/system/system.ts';
import { silenceOf } from '../../../agent/system/waits.ts';
import { fakeClock } from '../../fakes/clock.ts';
import { fakeLibc } from '../../fakes/libc.ts';
import { fileSystemOf, lettered, numberOf, type Teardown, temporaryFolder, until } from './rig.ts';

/** A guard has frozen these and is dead; what it left is the record. */
function rigOf(
  t: Teardown,
  frozen: string,
  options: {
    readonly settled?: string;
    readonly expedited?: true;
    readonly refused?: true;
    readonly clock?: Clock;
  } = {},
) {
  const libc = fakeLibc();
  const journalPath = join(temporaryFolder(t), 'freeze.jsonl');
  const journal = openFreezeJournal(journalPath, 'boot-1');
  journal.intend([...frozen].map(fileSystemOf));
  if (options.expedited) journal.expedited();
  for (const name of options.settled ?? '') journal.settled(fileSystemOf(name).id, 'thawed');
  journal.close();
  const still = [...frozen].filter((name) => !options.settled?.includes(name));
  for (const name of still) libc.freezeByOthers(numberOf(name));
  const events: string[] = [];
  const opened = [...'abc'].map((name) => ({ ...fileSystemOf(name), fd: numberOf(name) }));
  const expediter = () => ({
    raise: () => true,
    restore: () => {
      if (options.refused) throw new Error('EIO');
      events.push('restore');
    },
    close: () => undefined,
  });
  const secondLine = new SecondLine(opened, libc, options.clock ?? localClock, journalPath, 'boot-1', expediter);
  return { secondLine, libc, journalPath, events, calls: () => lettered(libc.calls) };
}

const gone = () => true;

t.test('thaws what the record owes, all at once, and settles the record', async (t) => {
  const rig = rigOf(t, 'ab');
  const goOn = rig.libc.hang('thaw', numberOf('a'));
  const thawed = rig.secondLine.thaw(gone, undefined);
  await until('b is thawed', () => !rig.libc.frozen.has(numberOf('b')));
  goOn();
  const report = await thawed;
  t.equal(rig.libc.frozen.size, 0);
  t.strictSame(rig.calls(), ['thaw a', 'thaw b'], 'and not c, which nobody intended to freeze');
  t.match(report.problems, [{ kind: 'guard-died', message: /this process thawed in its place/ }]);
  t.equal(report.problems.length, 1);
  t.match(report.steps, [
    { step: 'thaw', mountPoint: '/a', error: undefined },
    { step: 'thaw', mountPoint: '/b' },
  ]);
  t.notOk(existsSync(rig.journalPath), 'nothing is owed any more');
});

t.test('what was settled, or is not ours, is left alone', async (t) => {
  const rig = rigOf(t, 'abc', { settled: 'a' });
  rig.secondLine.leaveAlone(fileSystemOf('b').id);
  const report = await rig.secondLine.thaw(gone, undefined);
  t.strictSame(rig.calls(), ['thaw c']);
  t.ok(rig.libc.frozen.has(numberOf('b')), 'somebody else has frozen it, and keeps it');
  t.equal(report.problems.length, 1);
});

t.test('one that is not frozen any more is no problem when nobody can freeze it behind our back', async (t) => {
  const rig = rigOf(t, 'a');
  rig.libc.thawByOthers(numberOf('a'));
  t.equal((await rig.secondLine.thaw(gone, undefined)).problems.length, 1);
  t.strictSame(rig.calls(), ['thaw a']);
  t.notOk(existsSync(rig.journalPath));
});

t.test('one that we know was frozen, and is not any more, was writable too early', async (t) => {
  const rig = rigOf(t, 'ab');
  for (const name of 'ab') rig.secondLine.wasFrozen(fileSystemOf(name).id);
  rig.libc.thawByOthers(numberOf('a'));
  const { problems } = await rig.secondLine.thaw(gone, undefined);
  t.match(problems, [{ kind: 'guard-died' }, { kind: 'early', mountPoint: '/a', message: /not by this process/ }]);
  t.equal(problems.length, 2);
  t.notOk(existsSync(rig.journalPath), 'but nothing is owed for it');
});

t.test('says how long it was frozen, counted from the first FIFREEZE', async (t) => {
  const rig = rigOf(t, 'ab');
  const { frozenMs } = await rig.secondLine.thaw(gone, localClock.monotonicMs() - 5000);
  t.ok(frozenMs >= 5000 && frozenMs < 30_000, `${frozenMs} ms`);
  t.equal((await rigOf(t, 'a').secondLine.thaw(gone, undefined)).frozenMs, 0, 'there was none');
});

t.test('EINVAL proves nothing as long as a thread of the guard hangs in FIFREEZE', async (t) => {
  // Its patience has no end, however slowly this test comes to the next step.
  const rig = rigOf(t, 'ab', { clock: fakeClock() });
  const a = numberOf('a');
  rig.libc.thawByOthers(a);
  let isGone = false;
  const thawed = rig.secondLine.thaw(() => isGone, undefined);
  await until('it has tried more than once', () => rig.calls().filter((call) => call === 'thaw a').length > 2);
  // The FIFREEZE of the dying guard succeeds after all, and with it the last of its threads ends.
  rig.libc.freezeByOthers(a);
  isGone = true;
  const { problems } = await thawed;
  t.equal(problems.length, 1);
  t.equal(rig.libc.frozen.size, 0);
  t.equal(rig.calls().filter((call) => call === 'thaw b').length, 1);
});

t.test('a guard that will not go leaves it owed, within a second or so', async (t) => {
  const rig = rigOf(t, 'ab');
  rig.libc.thawByOthers(numberOf('a'));
  const limit = silenceOf(2500);
  const { problems, steps } = await rig.secondLine.thaw(() => false, undefined);
  t.notOk(limit.aborted);
  t.match(problems, [{ kind: 'guard-died' }, { kind: 'owed', mountPoint: '/a', message: /EINVAL/ }]);
  t.match(steps, [{ error: 'EINVAL' }, { error: undefined }]);
  t.strictSame(
    readFreezeJournal(rig.journalPath)?.fileSystems.map(({ mountPoint }) => mountPoint),
    ['/a'],
  );
});

t.test('a FITHAW that hangs, fails, or cannot be called keeps no other from its thaw', async (t) => {
  const rig = rigOf(t, 'abc');
  const goOn = rig.libc.hang('thaw', numberOf('a'));
  rig.libc.fail('thaw', numberOf('b'), EIO);
  const limit = silenceOf(2500);
  const { problems } = await rig.secondLine.thaw(gone, undefined);
  t.notOk(limit.aborted);
  t.match(problems.slice(1), [{ kind: 'owed', mountPoint: '/a', message: /no answer/ }]);
  t.equal(problems.length, 2);
  t.notOk(rig.libc.frozen.has(numberOf('b')), 'what failed once is tried again');
  t.notOk(rig.libc.frozen.has(numberOf('c')));
  goOn();
  const again = rigOf(t, 'ab');
  again.libc.fail('thaw', numberOf('a'), new Error('no thread'));
  t.equal((await again.secondLine.thaw(gone, undefined)).problems.length, 1);
  t.equal(again.libc.frozen.size, 0);
});

t.test('what the guard had thawed by itself was writable nobody knows how long', async (t) => {
  const rig = rigOf(t, 'ab', { settled: 'a' });
  for (const name of 'ab') rig.secondLine.wasFrozen(fileSystemOf(name).id);
  const { problems } = await rig.secondLine.thaw(gone, undefined);
  t.match(problems.slice(1), [{ kind: 'early', mountPoint: '/a', message: /the guard had thawed it/ }]);
  t.equal(problems.length, 2);
});

t.test('beside a guard that lives: what it owes is thawed, and its record left to it', async (t) => {
  const rig = rigOf(t, 'abc', { settled: 'a' });
  for (const name of 'ab') rig.secondLine.wasFrozen(fileSystemOf(name).id);
  await rig.secondLine.thawBesideGuard();
  t.strictSame(rig.calls(), ['thaw b'], 'and neither what it has thawed nor what is not known to be frozen');
  t.equal(readFreezeJournal(rig.journalPath)?.fileSystems.length, 2);
  const { problems, steps } = await rig.secondLine.thaw(gone, undefined);
  t.notMatch(problems, [{ kind: 'guard-died' }, { mountPoint: '/b' }], 'its thaw was ours, and not too early');
  t.match(steps, [{ step: 'thaw', mountPoint: '/b', error: undefined }, { mountPoint: '/c' }]);
});

t.test('a switch that cannot be put back stays owed', async (t) => {
  const rig = rigOf(t, 'a', { expedited: true, refused: true });
  await rig.secondLine.thaw(gone, undefined);
  t.match(readFreezeJournal(rig.journalPath), { fileSystems: [], expedited: true });
});

t.test('what fails again and again is owed', async (t) => {
  const rig = rigOf(t, 'ab');
  const { thaw } = rig.libc;
  Object.assign(rig.libc, { thaw: (fd: number) => (fd === numberOf('a') ? Promise.resolve(EIO) : thaw(fd)) });
  const { problems } = await rig.secondLine.thaw(gone, undefined);
  t.match(problems.slice(1), [{ kind: 'owed', mountPoint: '/a', message: /EIO/ }]);
  t.notOk(rig.libc.frozen.has(numberOf('b')));
  t.match(readFreezeJournal(rig.journalPath)?.fileSystems, [{ mountPoint: '/a' }]);
});

t.test('puts the expediting back, if the guard had raised it', async (t) => {
  const raised = rigOf(t, 'a', { expedited: true });
  await raised.secondLine.thaw(gone, undefined);
  t.strictSame(raised.events, ['restore']);
  const not = rigOf(t, 'a');
  await not.secondLine.thaw(gone, undefined);
  t.strictSame(not.events, []);
});

t.test('a record that cannot be written any more is no reason to report a failed thaw', async (t) => {
  const rig = rigOf(t, 'a');
  const goOn = rig.libc.hang('thaw', numberOf('a'));
  const thawed = rig.secondLine.thaw(gone, undefined);
  rmSync(rig.journalPath);
  mkdirSync(rig.journalPath);
  goOn();
  t.match(await thawed, { problems: [{ kind: 'guard-died' }], steps: [{ step: 'thaw' }] });
});

t.test('a record that cannot be read may mean any of them', async (t) => {
  const rig = rigOf(t, 'ab');
  rig.secondLine.leaveAlone(fileSystemOf('b').id);
  writeFileSync(rig.journalPath, 'none of ours\n');
  await rig.secondLine.thaw(gone, undefined);
  t.strictSame(rig.calls(), ['thaw a', 'thaw c'], 'but never what somebody else has frozen');
  t.strictSame(rig.events, ['restore']);
  t.ok(existsSync(rig.journalPath), 'and it stays, for somebody to look at');
});

t.test('without a record there is nothing to thaw', async (t) => {
  const rig = rigOf(t, 'a');
  rmSync(rig.journalPath);
  t.match(await rig.secondLine.thaw(gone, undefined), { frozenMs: 0, firstThawAtMs: undefined, steps: [] });
  t.strictSame(rig.calls(), []);
  t.notOk(existsSync(rig.journalPath));
});

t.test('closes its descriptors', async (t) => {
  const folder = temporaryFolder(t);
  const before = readdirSync('/proc/self/fd').length;
  const opened = ['a', 'b'].map((name) => ({ ...fileSystemOf(name), fd: openSync(folder, 'r') }));
  new SecondLine(opened, fakeLibc(), localClock, join(folder, 'x'), 'boot-1').close();
  t.equal(readdirSync('/proc/self/fd').length, before);
});
