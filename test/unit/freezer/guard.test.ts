import t from 'tap';
import { UserError } from '../../../agent/errors.ts';
import { openFreezeJournal } from '../../../agent/freezer/journal.ts';
import { EBUSY, EIO } from '../../../agent/system/native.ts';
import { frozenRig, guardRig, HARMLESS } from './guard-rig.ts';
import { fileSystemOf, numberOf, until } from './rig.ts';

const [a, b] = ['a', 'b'].map(numberOf) as [number, number];

t.test('opens everything and freezes nothing; the warm pass is made where it does no harm', async (t) => {
  const rig = guardRig(t);
  rig.guard.receive(rig.order(['ab']));
  t.match(await rig.answer('opened'), { steps: [{ step: 'open' }] });
  t.strictSame(rig.libc.calls, [`freeze ${HARMLESS}`, `thaw ${HARMLESS}`]);
  t.strictSame(rig.events, []);
  t.strictSame(rig.owed()?.fileSystems, []);
});

t.test('without such a place there is no warm pass', async (t) => {
  const rig = guardRig(t, { machine: { harmlessFd: () => undefined } });
  rig.guard.receive(rig.order(['a']));
  await rig.answer('opened');
  t.strictSame(rig.libc.calls, []);
});

/** By the clock that stands still, and the deadline of the rig. */
const ARMED = { atMs: 1000, untilMs: 61_000 };

t.test('a cycle: flush, freeze, thaw, leave', async (t) => {
  const rig = await frozenRig(t, ['a', 'b']);
  t.match(rig.sent, [{ event: 'opened' }, { event: 'armed', atMs: 1000 }, { event: 'froze' }]);
  const froze = await rig.answer('froze');
  t.match(froze.fileSystems, [
    { id: fileSystemOf('a').id, mountPoint: '/a', state: 'frozen' },
    { mountPoint: '/b', state: 'frozen' },
  ]);
  t.strictSame(
    froze.steps.map(({ step, mountPoint }) => [step, mountPoint].filter(Boolean).join(' ')),
    ['flush /a', 'flush /b', 'expedite', 'freeze /a', 'freeze /b'],
  );
  t.equal(rig.owed()?.fileSystems.length, 2);
  rig.clock.advance(70);
  rig.guard.receive({ do: 'thaw' });
  const { report } = await rig.answer('thawed');
  t.match(report, { problems: [], frozenMs: 70, firstThawAtMs: 1070 });
  t.strictSame(
    report.steps.map(({ step }) => step),
    ['thaw', 'thaw', 'restore-expedite'],
  );
  t.strictSame(rig.owed(), { fileSystems: [], expedited: false, armed: ARMED, bootId: 'boot-1' });
  t.notOk(rig.has('leave'), 'it waits for its dismissal');
  rig.guard.receive({ do: 'bye' });
  await until('it has left', () => rig.has('leave'));
  t.strictSame(rig.events, ['raise', 'froze a', 'froze b', 'thawed b', 'thawed a', 'restore', 'unlock', 'leave']);
  t.equal(rig.owed(), undefined, 'the record is gone');
});

t.test('what will be owed is on record before the first FIFREEZE', async (t) => {
  const rig = guardRig(t);
  const goOn = rig.libc.hang('freeze', a);
  rig.guard.receive(rig.order(['a']));
  await rig.answer('opened');
  rig.guard.receive({ do: 'freeze' });
  await until('FIFREEZE is called', () => rig.libc.calls.includes(`freeze ${a}`));
  t.strictSame(rig.owed(), { fileSystems: [fileSystemOf('a')], expedited: true, armed: ARMED, bootId: 'boot-1' });
  goOn();
});

t.test('asked to thaw again, it gives the same report and thaws nothing twice', async (t) => {
  const rig = await frozenRig(t, ['a']);
  rig.guard.receive({ do: 'thaw' });
  const { report } = await rig.answer('thawed');
  rig.guard.receive({ do: 'thaw' });
  await until('both are answered', () => rig.sent.filter(({ event }) => event === 'thawed').length === 2);
  t.same(rig.sent.at(-1), { event: 'thawed', report });
  t.equal(rig.libc.calls.filter((call) => call === `thaw ${a}`).length, 1);
});

t.test('what others have done is told: frozen before us, thawed before us, refused by the kernel', async (t) => {
  const rig = guardRig(t);
  rig.libc.freezeByOthers(a);
  rig.libc.fail('freeze', b, EIO);
  rig.guard.receive(rig.order(['abc']));
  rig.guard.receive({ do: 'freeze' });
  t.match((await rig.answer('froze')).fileSystems, [
    { state: 'foreign', error: /EBUSY/ },
    { state: 'failed', error: 'EIO' },
    { state: 'frozen' },
  ]);
  rig.libc.thawByOthers(numberOf('c'));
  rig.guard.receive({ do: 'thaw' });
  t.match((await rig.answer('thawed')).report.problems, [{ kind: 'early', mountPoint: '/c' }]);
  t.ok(rig.libc.frozen.has(a));
  t.notOk(rig.libc.calls.includes(`thaw ${a}`));
  t.notOk(rig.libc.calls.includes(`thaw ${b}`));
});

t.test('asked to thaw before the freeze, it never freezes', async (t) => {
  const rig = guardRig(t);
  rig.guard.receive(rig.order(['a']));
  rig.guard.receive({ do: 'thaw' });
  t.match((await rig.answer('thawed')).report, { problems: [], frozenMs: 0, firstThawAtMs: undefined });
  rig.guard.receive({ do: 'freeze' });
  t.match((await rig.answer('froze')).fileSystems, [{ state: 'failed' }]);
  t.notOk(rig.libc.calls.includes(`freeze ${a}`));
  t.notOk(rig.sent.some(({ event }) => event === 'armed'));
});

t.test('asked to thaw while it flushes, it never freezes', async (t) => {
  const rig = guardRig(t);
  const flushed = rig.libc.hang('syncfs', a);
  rig.guard.receive(rig.order(['a']));
  rig.guard.receive({ do: 'freeze' });
  await until('it flushes', () => rig.libc.calls.includes(`syncfs ${a}`));
  rig.guard.receive({ do: 'thaw' });
  await rig.answer('thawed');
  flushed();
  await rig.answer('froze');
  t.notOk(rig.libc.calls.includes(`freeze ${a}`));
  t.notOk(rig.has('raise'));
});

t.test('asked to thaw without anything open, it has nothing to report', async (t) => {
  const rig = guardRig(t);
  rig.guard.receive({ do: 'thaw' });
  t.match((await rig.answer('thawed')).report, { problems: [], frozenMs: 0, steps: [] });
});

interface Refusal {
  readonly machine?: Parameters<typeof guardRig>[1];
  readonly order?: { readonly testDevices: readonly string[] };
  readonly says: { readonly code: string; readonly message: RegExp; readonly remedy?: RegExp };
}

const throwing = (error: Error) => () => {
  throw error;
};

const REFUSALS: Readonly<Record<string, Refusal>> = {
  'a mount point that is gone': {
    machine: { machine: { open: throwing(new Error('ENOENT: /a')) } },
    says: { code: 'freeze.failed', message: /ENOENT: \/a/ },
  },
  'a device that the test did not name': {
    order: { testDevices: [fileSystemOf('b').id] },
    says: { code: 'test.device', message: /forbids freezing \/a/, remedy: /QUIESCED_TEST_DEVICES/ },
  },
  'somebody else who freezes': {
    machine: { machine: { lock: throwing(new UserError('freeze.locked', 'process 7', { remedy: 'Wait.' })) } },
    says: { code: 'freeze.locked', message: /process 7/, remedy: /Wait/ },
  },
  'a record that would be frozen with the rest': {
    machine: { machine: { deviceLookup: () => () => fileSystemOf('a').id } },
    says: { code: 'freeze.journal-frozen', message: /freeze\.jsonl lies on \/a/, remedy: /tmpfs at \/run/ },
  },
  'a record that cannot be opened': {
    machine: { machine: { openJournal: throwing(new Error('EROFS')) } },
    says: { code: 'freeze.failed', message: /EROFS/ },
  },
};

for (const [what, { machine, order, says }] of Object.entries(REFUSALS)) {
  t.test(`refuses ${what}`, async (t) => {
    const rig = guardRig(t, machine);
    rig.guard.receive(rig.order(['a'], order));
    t.match(await rig.answer('refused'), says);
    t.strictSame(rig.libc.calls, []);
    rig.guard.disconnected();
    await until('it has left', () => rig.has('leave'));
  });
}

t.test('refuses to freeze what was not opened', async (t) => {
  const rig = guardRig(t);
  rig.guard.receive({ do: 'freeze' });
  t.match(await rig.answer('refused'), { code: 'freeze.failed', message: /before open/ });
});

for (const line of ['intend', 'armed'] as const) {
  t.test(`freezes nothing when the record cannot be written: ${line}`, async (t) => {
    const rig = guardRig(t, {
      machine: { openJournal: () => ({ ...NO_JOURNAL, [line]: throwing(new Error('ENOSPC')) }) },
    });
    rig.guard.receive(rig.order(['a']));
    rig.guard.receive({ do: 'freeze' });
    t.match(await rig.answer('refused'), { message: /ENOSPC/ });
    t.notOk(rig.libc.calls.includes(`freeze ${a}`));
  });
}

const NO_JOURNAL = {
  fd: 3,
  intend: () => undefined,
  armed: () => undefined,
  settled: () => undefined,
  expedited: () => undefined,
  restored: () => undefined,
  removeIfSettled: () => undefined,
  close: () => undefined,
};

t.test('with nothing to freeze it takes no lock: somebody else may freeze meanwhile', async (t) => {
  const rig = guardRig(t, { machine: { lock: throwing(new Error('held by somebody else')) } });
  rig.guard.receive(rig.order([]));
  await rig.answer('opened');
  rig.guard.disconnected();
  await until('it has left', () => rig.has('leave'));
  t.ok(rig.has('recover'), 'but it watches over what else must be left');
});

t.test('what an earlier run still owes stays on record', async (t) => {
  const rig = guardRig(t);
  const order = rig.order(['a']);
  if (order.do !== 'open') throw new Error('an order opens');
  const earlier = openFreezeJournal(order.order.journalPath, 'boot-1');
  earlier.intend([fileSystemOf('z')]);
  earlier.close();
  rig.guard.receive(order);
  rig.guard.receive({ do: 'freeze' });
  await rig.answer('froze');
  rig.guard.receive({ do: 'bye' });
  await until('it has left', () => rig.has('leave'));
  t.strictSame(
    rig.owed()?.fileSystems.map(({ mountPoint }) => mountPoint),
    ['/z'],
  );
});

t.test('EBUSY of all: nothing is ours, and it leaves all the same', async (t) => {
  const rig = guardRig(t);
  rig.libc.fail('freeze', a, EBUSY);
  rig.guard.receive(rig.order(['a']));
  rig.guard.receive({ do: 'freeze' });
  await rig.answer('froze');
  rig.guard.receive({ do: 'bye' });
  await until('it has left', () => rig.has('leave'));
  t.notOk(rig.libc.calls.includes(`thaw ${a}`));
});
