import { openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { FreezeState, ThawReport } from '../../../agent/freezer/freezer.ts';
import type { GuardConnection } from '../../../agent/freezer/guard-connection.ts';
import { GuardedFreeze } from '../../../agent/freezer/guarded-freeze.ts';
import { openFreezeJournal, readFreezeJournal } from '../../../agent/freezer/journal.ts';
import { SecondLine } from '../../../agent/freezer/second-line.ts';
import type { ThirdLine } from '../../../agent/freezer/third-line.ts';
import { silentLog } from '../../../agent/log.ts';
import { localClock, localSystem } from '../../../agent/system/local.ts';
import { silenceOf } from '../../../agent/system/waits.ts';
import { fakeLibc } from '../../fakes/libc.ts';
import { type Teardown, temporaryFolder, until } from './rig.ts';

const REPORT: ThawReport = { problems: [], frozenMs: 12, firstThawAtMs: 99, steps: [] };
const DEADLINE_MS = 50;

/** A guard that has frozen `/a` and `/b`; what it answers to the thaw is up to the test. */
function rigOf(
  t: Teardown,
  thaw: (limit: AbortSignal) => Promise<ThawReport | undefined>,
  thirdLineOf?: (events: string[]) => ThirdLine,
  dead = true,
) {
  const folder = temporaryFolder(t);
  const events: string[] = [];
  const thirdLine = thirdLineOf?.(events);
  const listeners: { armed?: (atMs: number) => void; lost?: (reason: string) => void; death?: () => void } = {};
  const libc = fakeLibc();
  const opened = ['a', 'b'].map((name) => {
    const id = `7:${name}`;
    return { id, mountPoint: `/${name}`, mountPoints: [`/${name}`], type: 'ext4', fd: openSync(folder, 'r') };
  });
  const states: FreezeState[] = opened.map(({ id, mountPoint }) => ({ id, mountPoint, state: 'frozen' }));
  const journalPath = join(folder, 'freeze.jsonl');
  const journal = openFreezeJournal(journalPath, 'boot-1');
  journal.intend(opened);
  journal.close();
  for (const { fd } of opened) libc.freezeByOthers(fd);
  const guard: GuardConnection = {
    open: async () => undefined,
    freeze: async () => {
      events.push('freeze');
      return { fileSystems: states, steps: [] };
    },
    thaw: (limit) => {
      events.push('thaw');
      return thaw(limit);
    },
    onArmed: (listener) => Object.assign(listeners, { armed: listener }),
    onLost: (listener) => Object.assign(listeners, { lost: listener }),
    onDeath: (listener) => Object.assign(listeners, { death: listener }),
    bye: () => events.push('bye'),
    gone: async () => undefined,
    kill: () => events.push('kill'),
    // As long as nobody has killed it and it is not said to have died.
    isGone: () => dead || events.includes('kill'),
  };
  const system = localSystem({ root: folder, env: {} });
  const secondLine = new SecondLine(opened, libc, system.clock, journalPath, 'boot-1');
  const groups = [opened.map((each) => ({ ...each, source: '/dev/x', readOnly: false, hidden: false }))];
  const plan = { groups, deadlineMs: DEADLINE_MS, expedite: false };
  const { clock } = system;
  const prepared = new GuardedFreeze({ guard, secondLine, thirdLine, plan, clock, log: silentLog });
  return { prepared, guard, events, listeners, libc, states, journalPath, opened };
}

const openFiles = (): number => readdirSync('/proc/self/fd').length;

t.test('the guard thaws: its report is given, it stays until the end, and then nothing stays open', async (t) => {
  const before = openFiles();
  const { prepared, events, libc } = rigOf(t, async () => REPORT);
  t.equal((await prepared.freeze()).fileSystems.length, 2);
  t.equal(await prepared.thaw(), REPORT);
  t.equal(await prepared.thaw(), REPORT, 'and again');
  t.strictSame(events, ['freeze', 'thaw'], 'it still watches over what else must be left');
  t.strictSame(libc.calls, [], 'the second line has no part in it');
  t.notOk(prepared.lost.aborted);
  await prepared.end();
  t.strictSame(events, ['freeze', 'thaw', 'bye']);
  t.equal(openFiles(), before);
});

t.test('a guard that does not answer is killed, and this process thaws', async (t) => {
  const { prepared, events, libc, journalPath } = rigOf(t, async () => undefined);
  t.match((await prepared.thaw()).problems, [{ kind: 'guard-died' }]);
  t.strictSame(events, ['thaw', 'kill']);
  t.equal(libc.frozen.size, 0);
  t.equal(readFreezeJournal(journalPath), undefined);
});

t.test('one that lives is killed only when it is in no thaw any more: btrfs would be damaged', async (t) => {
  const { prepared, events, libc, opened } = rigOf(t, async () => undefined, undefined, false);
  await prepared.freeze();
  // The guard's own call is in the kernel, and ours waits behind it.
  const goOn = libc.hang('thaw', opened[0]?.fd ?? -1);
  const thawed = prepared.thaw();
  await until('the other one is thawed', () => !libc.frozen.has(opened[1]?.fd ?? -1));
  t.notOk(events.includes('kill'), 'not while that call is out');
  goOn();
  t.match((await thawed).problems, [{ kind: 'guard-died' }]);
  t.equal((await thawed).problems.length, 1, 'and none of it was too early');
  t.ok(events.includes('kill'));
  t.equal(libc.frozen.size, 0);
});

t.test('the guard dies: this process thaws without being asked, and the freeze is lost', async (t) => {
  const { prepared, listeners, libc } = rigOf(t, async () => undefined);
  listeners.death?.();
  t.ok(prepared.lost.aborted);
  t.match(prepared.lost.reason, { message: 'the guard died' });
  await until('all is thawed', () => libc.frozen.size === 0);
  t.match((await prepared.thaw()).problems, [{ kind: 'guard-died' }], 'whoever asks later gets the report');
});

/** As a guard that is stopped: it answers nothing. Like its process, it keeps ours alive. */
function stopped(limit: AbortSignal): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const alive = setInterval(() => undefined, 1000);
  limit.addEventListener('abort', () => resolve(undefined));
  if (limit.aborted) resolve(undefined);
  return promise.finally(() => clearInterval(alive));
}

t.test('a guard that is silent past the deadline is taken for dead', async (t) => {
  const { prepared, listeners, libc, events } = rigOf(t, stopped);
  listeners.armed?.(localClock.monotonicMs());
  await new Promise((resolve) => setTimeout(resolve, DEADLINE_MS + 100));
  t.notOk(prepared.lost.aborted, 'it gets a little more time');
  await until('all is thawed', () => libc.frozen.size === 0);
  t.match(prepared.lost.reason, { message: 'the guard is silent' });
  t.ok(events.includes('kill'));
  const { frozenMs } = await prepared.thaw();
  t.ok(frozenMs > DEADLINE_MS && frozenMs < 20_000, `frozen for ${frozenMs} ms`);
});

t.test('the silence also ends the wait of a thaw that was asked for meanwhile', async (t) => {
  const { prepared, listeners, libc } = rigOf(t, stopped);
  listeners.armed?.(localClock.monotonicMs());
  await prepared.freeze();
  const limit = silenceOf(1000);
  await prepared.thaw();
  t.notOk(limit.aborted, 'before what a guard gets that was never armed');
  t.equal(libc.frozen.size, 0);
});

t.test('a guard that was never armed and does not answer is waited for, but not for long', async (t) => {
  const { prepared, libc } = rigOf(t, stopped);
  const startMs = performance.now();
  await prepared.thaw();
  const tookMs = performance.now() - startMs;
  t.ok(tookMs > 1000 && tookMs < 20_000, `${tookMs} ms`);
  t.equal(libc.frozen.size, 0);
});

t.test('a guard that says that the time is up is alive: what it did comes with its report', async (t) => {
  const { prepared, listeners, libc, events } = rigOf(t, async () => REPORT);
  listeners.armed?.(localClock.monotonicMs());
  listeners.lost?.('the deadline passed');
  t.match(prepared.lost.reason, { message: 'the deadline passed' });
  await new Promise((resolve) => setTimeout(resolve, DEADLINE_MS + 400));
  t.strictSame(events, [], 'nobody takes it for silent');
  t.equal(await prepared.thaw(), REPORT);
  t.strictSame(libc.calls, []);
});

t.test('thawed in time, it is not taken for silent afterwards', async (t) => {
  const { prepared, listeners, events } = rigOf(t, async () => REPORT);
  listeners.armed?.(localClock.monotonicMs());
  await prepared.thaw();
  await new Promise((resolve) => setTimeout(resolve, DEADLINE_MS + 400));
  t.strictSame(events, ['thaw']);
  t.notOk(prepared.lost.aborted);
});

t.test('what our guard did not freeze is not thawed in its place', async (t) => {
  const { prepared, states, libc, opened } = rigOf(t, async () => undefined);
  states.splice(0, 1, { id: '7:a', mountPoint: '/a', state: 'foreign' });
  await prepared.freeze();
  await prepared.thaw();
  t.strictSame([...libc.frozen], [opened[0]?.fd]);
});

t.test('thawing never throws; what went wrong is owed', async (t) => {
  const { prepared } = rigOf(t, () => Promise.reject(new Error('a bug')));
  t.match(await prepared.thaw(), { problems: [{ kind: 'owed', message: 'a bug' }] });
});

/** One whose arming takes as long as the test likes. */
function thirdLine(armed: Promise<string | undefined> = Promise.resolve(undefined), disarmed = Promise.resolve()) {
  return (events: string[]): ThirdLine => ({
    async arm(deadlineMs) {
      events.push(`arm ${deadlineMs}`);
      return armed;
    },
    async disarm() {
      events.push('disarm');
      await disarmed;
      events.push('disarmed');
    },
  });
}

t.test('the third line is armed before anything is frozen, and disarmed after the thaw', async (t) => {
  const { prepared, events } = rigOf(t, async () => REPORT, thirdLine());
  const { steps, warnings } = await prepared.freeze();
  t.match(steps, [{ step: 'arm' }]);
  t.strictSame(warnings, []);
  await prepared.thaw();
  await prepared.thaw();
  await prepared.end();
  t.strictSame(events, ['arm 50', 'freeze', 'thaw', 'disarm', 'disarmed', 'bye']);
});

t.test('without a third line there is no word of it', async (t) => {
  const { steps, warnings } = await rigOf(t, async () => REPORT).prepared.freeze();
  t.strictSame([steps, warnings], [[], []]);
});

t.test('a third line that cannot be armed is told, and is no reason not to freeze', async (t) => {
  const { prepared, events } = rigOf(t, async () => REPORT, thirdLine(Promise.resolve('no bus')));
  const { steps, warnings } = await prepared.freeze();
  t.match(steps, [{ step: 'arm', error: 'no bus' }]);
  t.strictSame(warnings, ['no bus']);
  t.ok(events.includes('freeze'));
});

t.test('given up while it is armed, nothing is frozen any more', async (t) => {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const { prepared, events } = rigOf(t, async () => REPORT, thirdLine(promise));
  const freezing = prepared.freeze();
  await prepared.thaw();
  resolve(undefined);
  await t.rejects(freezing, /given up/);
  t.notOk(events.includes('freeze'));
  await prepared.end();
  t.ok(events.includes('disarmed'));
});

t.test('while anything is still frozen the third line stays armed, and nothing is started', async (t) => {
  const report: ThawReport = { ...REPORT, problems: [{ kind: 'owed', mountPoint: '/a', message: 'hung' }] };
  const { prepared, events } = rigOf(t, async () => report, thirdLine());
  await prepared.freeze();
  await prepared.thaw();
  await prepared.end();
  t.notOk(events.includes('disarm'));
});

t.test('the thaw does not wait for the disarming; the end does', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { prepared, events } = rigOf(t, async () => REPORT, thirdLine(undefined, promise));
  await prepared.freeze();
  await prepared.thaw();
  const ended = prepared.end().then(() => events.push('ended'));
  await new Promise((later) => setTimeout(later, 20));
  t.equal(events.at(-1), 'bye');
  resolve();
  await ended;
  t.strictSame(events.slice(-2), ['disarmed', 'ended']);
});

t.test('the guard says that it thaws, and is stopped before it does: nothing waits for it', async (t) => {
  const { libc, prepared, listeners, events } = rigOf(t, () => new Promise(() => undefined));
  await prepared.freeze();
  listeners.armed?.(0);
  listeners.lost?.('the deadline passed');
  await until('all is thawed', () => libc.frozen.size === 0);
  t.notOk(events.includes('kill'), 'it may be well, and have something to say');
});

t.test('a next guard that could not be started takes over from nobody', async (t) => {
  const { prepared, events } = rigOf(t, async () => REPORT);
  const next = { ...rigOf(t, async () => REPORT).guard, isGone: () => true };
  await t.rejects(prepared.handOver(next), { message: /could not be started/ });
  t.strictSame(events, [], 'the one that watches is not sent away');
  await prepared.end();
  t.strictSame(events, ['bye']);
});

t.test(
  'the next guard watches from the moment on at which this one is sent away, whether that goes or not',
  async (t) => {
    for (const goes of [true, false]) {
      const { prepared, events } = rigOf(t, async () => REPORT, undefined, goes);
      const { guard } = rigOf(t, async () => REPORT, undefined, false);
      const next = { ...guard, bye: () => events.push('bye to the next') };
      const handedOver = prepared.handOver(next);
      if (goes) await handedOver;
      else await t.rejects(handedOver, { message: /has not ended/ });
      t.strictSame(events, ['bye']);
      await prepared.end();
      t.strictSame(events, ['bye', 'bye to the next']);
    }
  },
);
