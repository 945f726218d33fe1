import t from 'tap';
import { lineReader, type ToGuard } from '../../../agent/freezer/guard-protocol.ts';
import { openFreezeJournal } from '../../../agent/freezer/journal.ts';
import { EIO } from '../../../agent/system/native.ts';
import { frozenRig, type GuardRig, guardRig } from './guard-rig.ts';
import { numberOf, until } from './rig.ts';

// They mostly wait.
t.jobs = 6;

const [a, b] = ['a', 'b'].map(numberOf) as [number, number];
const hasLeft = (rig: GuardRig) => until('it has left', () => rig.has('leave'));
const count = (rig: GuardRig, event: string) => rig.events.filter((each) => each === event).length;
const settle = () => new Promise((resolve) => setTimeout(resolve, 20));

t.test('the daemon is gone: thaw, recover once, leave', async (t) => {
  const rig = await frozenRig(t, ['ab']);
  rig.guard.disconnected();
  rig.guard.disconnected();
  await hasLeft(rig);
  rig.guard.disconnected();
  await settle();
  t.strictSame(
    rig.events.slice(-6).filter((event) => !event.startsWith('thawed')),
    ['restore', 'recover', 'unlock', 'leave'],
  );
  t.ok(rig.events.indexOf('recover') > rig.events.indexOf('thawed b'), 'recovers after the thaw');
  t.equal(rig.libc.frozen.size, 0);
  t.equal(rig.owed(), undefined);
  t.equal(count(rig, 'recover'), 1);
  t.equal(count(rig, 'leave'), 1);
});

t.test('the pipe is closed and the daemon lives: thaw at once, recover only when it has died', async (t) => {
  let lives = true;
  const rig = await frozenRig(t, ['ab'], { daemonLives: () => lives });
  t.teardown(() => {
    lives = false;
  });
  rig.guard.disconnected();
  await until('both are thawed', () => rig.has('thawed a') && rig.has('thawed b'));
  await new Promise((resolve) => setTimeout(resolve, 150));
  t.notOk(rig.has('recover'), 'two of us would run the post scripts twice');
  t.notOk(rig.has('leave'), 'it may still die');
  lives = false;
  await hasLeft(rig);
  t.equal(count(rig, 'recover'), 1);
});

t.test('a switch that could not be put back is tried again as the guard leaves', async (t) => {
  let refusals = 1;
  const restore = () => {
    if (refusals > 0) {
      refusals -= 1;
      throw new Error('EIO');
    }
  };
  const rig = await frozenRig(t, ['a'], { expediter: { restore } });
  rig.guard.receive({ do: 'thaw' });
  await rig.answer('thawed');
  t.match(rig.owed(), { expedited: true });
  rig.guard.receive({ do: 'bye' });
  await hasLeft(rig);
  t.equal(rig.owed(), undefined, 'nothing is owed');
});

t.test('a thaw that could not be recorded is recorded as the guard leaves', async (t) => {
  let refusals = 1;
  const openJournal: typeof openFreezeJournal = (path, bootId) => {
    const journal = openFreezeJournal(path, bootId);
    const settled: typeof journal.settled = (id, how) => {
      refusals -= 1;
      if (refusals >= 0) throw new Error('ENOSPC');
      journal.settled(id, how);
    };
    return { ...journal, settled };
  };
  const rig = await frozenRig(t, ['ab'], { machine: { openJournal } });
  rig.guard.receive({ do: 'thaw' });
  await rig.answer('thawed');
  t.equal(rig.owed()?.fileSystems.length, 1, 'one thaw too many');
  rig.guard.receive({ do: 'bye' });
  await hasLeft(rig);
  t.equal(rig.owed(), undefined, 'that nobody can take for what another freezes');
});

t.test('a line that stands there although its writing failed is taken back', async (t) => {
  const openJournal: typeof openFreezeJournal = (path, bootId) => {
    const journal = openFreezeJournal(path, bootId);
    const expedited = () => {
      journal.expedited();
      throw new Error('EIO');
    };
    return { ...journal, expedited };
  };
  const rig = guardRig(t, { machine: { openJournal } });
  rig.guard.receive(rig.order(['a']));
  await rig.answer('opened');
  rig.guard.receive({ do: 'freeze' });
  await rig.answer('refused');
  t.notOk(rig.has('raise'), 'what is not on record for certain is not done');
  rig.guard.receive({ do: 'bye' });
  await hasLeft(rig);
  t.equal(rig.owed(), undefined);
  t.notOk(rig.has('restore'), 'nor put back');
});

t.test('dismissed: thaws what is still frozen, and recovers nothing', async (t) => {
  const rig = await frozenRig(t, ['ab']);
  rig.guard.receive({ do: 'bye' });
  // The pipe closes right after it.
  rig.guard.disconnected();
  await hasLeft(rig);
  t.equal(rig.libc.frozen.size, 0);
  t.notOk(rig.has('recover'));
});

t.test('the daemon goes before it asked for anything', async (t) => {
  for (const order of [undefined, ['a']] as const) {
    const rig = guardRig(t);
    if (order !== undefined) rig.guard.receive(rig.order(order));
    rig.guard.disconnected();
    await hasLeft(rig);
    t.equal(count(rig, 'recover'), 1, 'it may have entered other phases');
    t.notOk(rig.libc.calls.includes(`freeze ${a}`));
  }
});

t.test('the daemon goes while FIFREEZE is under way', async (t) => {
  const rig = guardRig(t);
  const goOn = rig.libc.hang('freeze', b);
  rig.guard.receive(rig.order(['a', 'b']));
  rig.guard.receive({ do: 'freeze' });
  await until('b is being frozen', () => rig.libc.calls.includes(`freeze ${b}`));
  rig.guard.disconnected();
  await until('a is thawed', () => rig.has('thawed a'));
  await until('it recovers without waiting for b', () => rig.has('recover'));
  t.notOk(rig.has('leave'), 'but does not leave it');
  goOn();
  await hasLeft(rig);
  t.equal(rig.libc.frozen.size, 0);
});

t.test('a word that is not understood is as good as a broken pipe', async (t) => {
  for (const line of ['{"do":"dance"}', '{"do', 'null', '[]']) {
    const rig = await frozenRig(t, ['a']);
    const reader = lineReader<ToGuard>(
      (message) => rig.guard.receive(message),
      () => rig.guard.disconnected(),
    );
    reader(`${line}\n`);
    await hasLeft(rig);
    t.equal(rig.libc.frozen.size, 0, line);
    t.ok(rig.has('recover'));
  }
});

/** Longer than a busy machine takes to freeze them. */
const DEADLINE_MS = 600;

async function passedDeadline(t: Parameters<typeof guardRig>[0], groups: readonly string[]) {
  const rig = guardRig(t);
  rig.guard.receive(rig.order(groups, { deadlineMs: DEADLINE_MS }));
  rig.guard.receive({ do: 'freeze' });
  await rig.answer('froze');
  await rig.answer('lost');
  return rig;
}

t.test('at the deadline it thaws without being asked, and says so', async (t) => {
  const rig = await passedDeadline(t, ['ab']);
  t.match(await rig.answer('lost'), { reason: /deadline of 600 ms passed/ });
  await until('all is thawed', () => rig.libc.frozen.size === 0);
  rig.guard.receive({ do: 'thaw' });
  t.match((await rig.answer('thawed')).report.problems, [
    { kind: 'early', mountPoint: '/a', atMs: 1000, message: /deadline/ },
    { kind: 'early', mountPoint: '/b', message: /deadline/ },
  ]);
  t.notOk(rig.has('leave'), 'and waits for its dismissal');
});

t.test('the deadline counts from the first FIFREEZE, not from the flush', async (t) => {
  const rig = guardRig(t);
  const flushed = rig.libc.hang('syncfs', a);
  rig.guard.receive(rig.order(['a'], { deadlineMs: DEADLINE_MS }));
  rig.guard.receive({ do: 'freeze' });
  await new Promise((resolve) => setTimeout(resolve, DEADLINE_MS + 100));
  t.notOk(rig.sent.some(({ event }) => event === 'lost'));
  const startMs = performance.now();
  flushed();
  await rig.answer('froze');
  t.ok(rig.libc.frozen.has(a));
  await rig.answer('lost');
  t.ok(performance.now() - startMs >= DEADLINE_MS - 5, 'it had its time');
  await until('it is thawed', () => rig.libc.frozen.size === 0);
});

t.test('thawed in time, the deadline says nothing any more', async (t) => {
  const rig = guardRig(t);
  rig.guard.receive(rig.order(['a'], { deadlineMs: DEADLINE_MS }));
  rig.guard.receive({ do: 'freeze' });
  await rig.answer('froze');
  rig.guard.receive({ do: 'thaw' });
  t.strictSame((await rig.answer('thawed')).report.problems, []);
  await new Promise((resolve) => setTimeout(resolve, DEADLINE_MS + 50));
  t.notOk(rig.sent.some(({ event }) => event === 'lost'));
});

t.test(
  'a FIFREEZE that hangs: the others are thawed at the deadline, it is owed until the kernel lets go',
  async (t) => {
    const rig = guardRig(t);
    const goOn = rig.libc.hang('freeze', a);
    rig.guard.receive(rig.order(['ab'], { deadlineMs: DEADLINE_MS }));
    rig.guard.receive({ do: 'freeze' });
    t.match((await rig.answer('froze')).fileSystems, [{ mountPoint: '/a', state: 'hung' }, { mountPoint: '/b' }]);
    await until('b is thawed', () => rig.has('thawed b'));
    rig.guard.receive({ do: 'thaw' });
    t.match((await rig.answer('thawed')).report.problems, [
      { kind: 'early', mountPoint: '/b' },
      { kind: 'owed', mountPoint: '/a', message: /goes on trying/ },
    ]);
    t.strictSame(
      rig.owed()?.fileSystems.map(({ mountPoint }) => mountPoint),
      ['/a'],
    );
    rig.guard.receive({ do: 'bye' });
    await settle();
    t.notOk(rig.has('leave'), 'it stays for it');
    t.notOk(rig.libc.calls.includes(`thaw ${a}`), 'a FITHAW now would say EINVAL and prove nothing');
    goOn();
    await hasLeft(rig);
    t.strictSame(rig.events.slice(-4), ['froze a', 'thawed a', 'unlock', 'leave']);
    t.equal(rig.owed(), undefined);
  },
);

t.test('one that hangs and then fails is not waited for any longer', async (t) => {
  const rig = guardRig(t);
  const goOn = rig.libc.hang('freeze', a);
  rig.guard.receive(rig.order(['a'], { deadlineMs: 30 }));
  rig.guard.receive({ do: 'freeze' });
  await rig.answer('lost');
  rig.guard.receive({ do: 'bye' });
  await settle();
  goOn(EIO);
  await hasLeft(rig);
  t.notOk(rig.libc.calls.includes(`thaw ${a}`));
});

t.test('a FITHAW that hangs is owed, and it leaves when that is done', async (t) => {
  const rig = await frozenRig(t, ['ab']);
  const goOn = rig.libc.hang('thaw', a);
  rig.guard.receive({ do: 'thaw' });
  const { report } = await rig.answer('thawed');
  t.match(report.problems, [{ kind: 'owed', mountPoint: '/a' }]);
  t.notOk(rig.libc.frozen.has(b));
  rig.guard.receive({ do: 'bye' });
  await settle();
  t.notOk(rig.has('leave'));
  goOn();
  await hasLeft(rig);
  t.equal(rig.libc.frozen.size, 0);
});
