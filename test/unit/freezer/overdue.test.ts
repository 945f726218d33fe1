import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { type OwedFreeze, openFreezeJournal } from '../../../agent/freezer/journal.ts';
import { becomesOverdue, overdueStep } from '../../../agent/freezer/overdue.ts';
import { localClock } from '../../../agent/system/local.ts';
import { fakeClock } from '../../fakes/clock.ts';
import { fileSystemOf, type Teardown, temporaryFolder } from './rig.ts';

const OURS = { sinceMs: 1000, deadlineMs: 10_000 };
/** The flush took four seconds. */
const FROZEN: OwedFreeze = {
  fileSystems: [fileSystemOf('a')],
  expedited: true,
  armed: { atMs: 5000, untilMs: 15_000 },
  bootId: 'boot-1',
};
const step = (record: OwedFreeze | undefined, nowMs: number) => overdueStep(record, 'boot-1', OURS, nowMs);

t.test('waits until half a second after the deadline that the guard keeps', async (t) => {
  t.equal(step(FROZEN, 9000), 'wait');
  t.equal(step(FROZEN, 15_499), 'wait');
  t.equal(step(FROZEN, 15_500), 'thaw');
  t.equal(step(FROZEN, 99_000), 'thaw', 'it may have been stopped itself');
});

t.test('leaves as soon as nothing is owed', async (t) => {
  t.equal(step(undefined, 9000), 'leave');
  t.equal(step({ ...FROZEN, fileSystems: [], expedited: false }, 9000), 'leave');
  t.equal(step({ ...FROZEN, fileSystems: [] }, 9000), 'wait');
  t.equal(step({ ...FROZEN, fileSystems: [] }, 16_000), 'thaw', 'the switch is put back');
});

const NOT_BEGUN: Readonly<Record<string, OwedFreeze>> = {
  'an empty record': { fileSystems: [], expedited: false, armed: undefined, bootId: undefined },
  'the debts of a freeze before': { ...FROZEN, armed: { atMs: 999, untilMs: 1500 } },
  'the debts of a boot before': { ...FROZEN, bootId: 'boot-0' },
  'intended a moment ago': { ...FROZEN, armed: undefined },
};
for (const [what, record] of Object.entries(NOT_BEGUN)) {
  t.test(`while the flush goes on it waits, but not for ever: ${what}`, async (t) => {
    t.equal(step(record, 9000), 'wait');
    t.equal(step(record, 75_000), 'wait', 'a flush of a minute, and the deadline');
    t.equal(step(record, 77_000), 'leave');
  });
}

function recordOf(t: Teardown) {
  const path = join(temporaryFolder(t), 'freeze.jsonl');
  const journal = openFreezeJournal(path, 'boot-1');
  t.teardown(() => journal.close());
  return { path, journal };
}

t.test('follows the record: what is settled in time is not overdue', async (t) => {
  const { path, journal } = recordOf(t);
  const overdue = becomesOverdue(path, 'boot-1', OURS, fakeClock(2000));
  let told = false;
  void overdue.then(() => {
    told = true;
  });
  await sleep(60);
  journal.intend([fileSystemOf('a')]);
  journal.armed({ atMs: 2000, untilMs: 12_000 });
  await sleep(120);
  t.notOk(told);
  journal.settled(fileSystemOf('a').id, 'thawed');
  t.equal(await overdue, false);
  journal.removeIfSettled();
  t.equal(await becomesOverdue(path, 'boot-1', OURS, fakeClock(99_000)), false, 'and nobody is looked for later');
});

t.test('and what is not settled is', async (t) => {
  const { path, journal } = recordOf(t);
  const atMs = localClock.monotonicMs();
  journal.intend([fileSystemOf('a')]);
  journal.armed({ atMs, untilMs: atMs + 100 });
  t.equal(await becomesOverdue(path, 'boot-1', { sinceMs: atMs - 1, deadlineMs: 100 }, localClock), true);
  const tookMs = localClock.monotonicMs() - atMs;
  t.ok(tookMs >= 600 && tookMs < 20_000, `${tookMs} ms`);
});

t.test('a record that cannot be read is an error', async (t) => {
  const { path, journal } = recordOf(t);
  journal.intend([{ ...fileSystemOf('a'), mountPoint: 5 as unknown as string }]);
  await t.rejects(becomesOverdue(path, 'boot-1', OURS, fakeClock(2000)), { code: 'journal.broken' });
});
