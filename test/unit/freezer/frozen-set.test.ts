import t from 'tap';
import { readFreezeJournal } from '../../../agent/freezer/journal.ts';
import { EBUSY, EINVAL, EIO } from '../../../agent/system/native.ts';
import { fileSystemOf, numberOf, setRig, until } from './rig.ts';

const [a, b, c] = ['a', 'b', 'c'].map(numberOf) as [number, number, number];

t.test('group after group, in parallel within one, and back in the opposite order', async (t) => {
  const rig = setRig(t, ['ab', 'c']);
  const goOn = rig.libc.hang('freeze', a);
  const frozen = rig.set.freeze();
  await until('b is frozen', () => rig.effects().includes('froze b'));
  t.strictSame(rig.calls(), ['freeze a', 'freeze b'], 'the next group waits for all of this one');
  goOn();
  await frozen;
  t.strictSame(rig.states(), ['a frozen', 'b frozen', 'c frozen']);
  await rig.set.thaw();
  t.strictSame(rig.effects(), ['froze b', 'froze a', 'froze c', 'thawed c', 'thawed a', 'thawed b']);
  t.strictSame(rig.set.unsettled, []);
  t.strictSame(rig.set.problems, []);
});

t.test('flushes all at once; one that fails is seen in the timeline only', async (t) => {
  const rig = setRig(t, ['a', 'b']);
  rig.libc.fail('syncfs', a, EIO);
  await rig.set.flush();
  t.strictSame(rig.calls(), ['syncfs a', 'syncfs b']);
  t.match(rig.set.steps, [
    { step: 'flush', mountPoint: '/a', error: 'EIO' },
    { step: 'flush', mountPoint: '/b', error: undefined },
  ]);
});

t.test('each step is in the timeline with its time', async (t) => {
  const rig = setRig(t, ['a']);
  const goOn = rig.libc.hang('freeze', a);
  const frozen = rig.set.freeze();
  rig.clock.advance(30);
  goOn();
  await frozen;
  t.strictSame(rig.set.steps, [{ step: 'freeze', mountPoint: '/a', atMs: 1000, tookMs: 30 }]);
  await rig.set.thaw();
  t.equal(rig.set.firstThawAtMs, 1030);
  t.equal(rig.set.lastThawAtMs, 1030);
});

t.test('what somebody else froze is told, and never thawed', async (t) => {
  const rig = setRig(t, ['ab']);
  rig.libc.freezeByOthers(a);
  await rig.set.freeze();
  t.match(rig.set.states[0], { mountPoint: '/a', state: 'foreign', error: /EBUSY/ });
  rig.journal.intend([]);
  await rig.set.thaw();
  t.ok(rig.libc.frozen.has(a), 'still frozen by whoever did it');
  t.notOk(rig.calls().includes('thaw a'));
  t.strictSame(rig.set.problems, []);
});

t.test('what could not be frozen is told, and not thawed', async (t) => {
  const rig = setRig(t, ['ab']);
  rig.libc.fail('freeze', a, EIO);
  await rig.set.freeze();
  t.match(rig.set.states, [{ state: 'failed', error: 'EIO' }, { state: 'frozen' }]);
  await rig.set.thaw();
  t.notOk(rig.calls().includes('thaw a'));
  t.equal(rig.libc.frozen.size, 0);
});

t.test('one that somebody else thawed was not held', async (t) => {
  const rig = setRig(t, ['ab']);
  await rig.set.freeze();
  rig.libc.thawByOthers(a);
  await rig.set.thaw();
  t.strictSame(rig.set.problems, [{ kind: 'early', mountPoint: '/a', message: 'somebody else had thawed it' }]);
  t.equal(rig.calls().filter((call) => call === 'thaw a').length, 1, 'it is not tried again');
  t.strictSame(rig.set.unsettled, []);
});

t.test('a thaw that fails is tried until it is done', async (t) => {
  const rig = setRig(t, ['a']);
  await rig.set.freeze();
  rig.libc.fail('thaw', a, EIO);
  rig.libc.fail('thaw', a, new Error('no thread'));
  await rig.set.thaw();
  t.strictSame(rig.calls(), ['freeze a', 'thaw a', 'thaw a', 'thaw a']);
  t.equal(rig.libc.frozen.size, 0);
  t.strictSame(rig.set.problems, []);
});

t.test('one call that cannot be made keeps no other from anything', async (t) => {
  const rig = setRig(t, ['ab', 'c']);
  rig.libc.fail('freeze', a, new Error('no thread'));
  await rig.set.freeze();
  t.strictSame(rig.states(), ['a failed', 'b frozen', 'c frozen']);
  await rig.set.thaw();
  t.equal(rig.libc.frozen.size, 0);
});

t.test('a record that cannot be written keeps none from its thaw', async (t) => {
  const full = () => {
    throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
  };
  const rig = setRig(t, ['ab', 'cd', 'e'], { settled: full });
  rig.libc.fail('freeze', a, EIO);
  await rig.set.freeze();
  t.strictSame(rig.states(), ['a failed', 'b frozen', 'c frozen', 'd frozen', 'e frozen']);
  await rig.set.thaw();
  t.equal(rig.libc.frozen.size, 0);
  t.strictSame(rig.set.unsettled, []);
});

t.test('the record owes what is frozen, and nothing else', async (t) => {
  const rig = setRig(t, ['abc']);
  const owed = () => readFreezeJournal(rig.journalPath)?.fileSystems.map(({ mountPoint }) => mountPoint);
  rig.libc.freezeByOthers(a);
  rig.libc.fail('freeze', b, EIO);
  rig.journal.intend(['a', 'b', 'c'].map(fileSystemOf));
  await rig.set.freeze();
  t.strictSame(owed(), ['/c']);
  await rig.set.thaw();
  t.strictSame(owed(), []);
});

t.test('given up before it began, nothing is frozen', async (t) => {
  const rig = setRig(t, ['a', 'b']);
  rig.journal.intend(['a', 'b'].map(fileSystemOf));
  await rig.set.thaw();
  t.ok(rig.set.isGivenUp);
  await rig.set.freeze();
  t.strictSame(rig.calls(), []);
  t.strictSame(rig.states(), ['a failed', 'b failed']);
  t.strictSame(readFreezeJournal(rig.journalPath)?.fileSystems, []);
});

t.test('given up between two groups, the second is not begun', async (t) => {
  const rig = setRig(t, ['a', 'b']);
  const goOn = rig.libc.hang('freeze', a);
  const frozen = rig.set.freeze();
  await rig.set.thaw();
  await frozen;
  goOn();
  await until('a is let go', () => rig.set.unsettled.length === 0);
  t.strictSame(rig.calls(), ['freeze a', 'thaw a']);
});

t.test('EINVAL of a FIFREEZE, of a file system that has no such operation, is a failure like any other', async (t) => {
  const rig = setRig(t, ['ac']);
  rig.libc.fail('freeze', a, EINVAL);
  rig.libc.fail('freeze', c, EBUSY);
  await rig.set.freeze();
  t.strictSame(rig.states(), ['a failed', 'c foreign']);
});
