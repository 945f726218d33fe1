import { join } from 'node:path';
import type { Expediter } from '../../../agent/freezer/expedite.ts';
import { Guard, type GuardMachine } from '../../../agent/freezer/guard.ts';
import type { FromGuard, GuardOrder, ToGuard } from '../../../agent/freezer/guard-protocol.ts';
import { type OwedFreeze, openFreezeJournal, readFreezeJournal } from '../../../agent/freezer/journal.ts';
import { type FakeClock, fakeClock } from '../../fakes/clock.ts';
import { type FakeLibc, fakeLibc } from '../../fakes/libc.ts';
import { fileSystemOf, lettered, numberOf, type Teardown, temporaryFolder, until } from './rig.ts';

/** Not a file system: what the warm pass is made on. */
export const HARMLESS = 100;
const DAEMON = 4711;

export interface GuardRig {
  readonly guard: Guard;
  readonly libc: FakeLibc;
  readonly clock: FakeClock;
  readonly sent: readonly FromGuard[];
  /** `raise`, `restore`, `unlock`, `recover`, `leave`, `thawed a` …, in their order. */
  readonly events: readonly string[];
  order(groups: readonly string[], differs?: Partial<GuardOrder>): ToGuard;
  owed(): OwedFreeze | undefined;
  /** Waits for the answer. */
  answer<E extends FromGuard['event']>(event: E): Promise<Extract<FromGuard, { event: E }>>;
  has(event: string): boolean;
}

export interface GuardWishes {
  /** What the switch said before. */
  readonly expedited?: '0' | '1';
  readonly expediter?: Partial<Expediter>;
  readonly machine?: Partial<GuardMachine>;
  /** Where its pipe closes all the same. */
  readonly daemonLives?: () => boolean;
}

/** A guard whose machine is made of numbers; only its journal is a real file. */
export function guardRig(t: Teardown, wishes: GuardWishes = {}): GuardRig {
  const events: string[] = [];
  const sent: FromGuard[] = [];
  const libc = watched(fakeLibc(), events);
  const clock = fakeClock();
  const journalPath = join(temporaryFolder(t), 'freeze.jsonl');
  const machine: GuardMachine = {
    lock: () => () => events.push('unlock'),
    deviceLookup: () => () => '0:25',
    open: ({ mountPoint }) => numberOf(mountPoint.slice(1)),
    openJournal: openFreezeJournal,
    openExpediter: () => ({ ...fakeExpediter(wishes.expedited ?? '0', events), ...wishes.expediter }),
    harmlessFd: () => HARMLESS,
    ...wishes.machine,
  };
  const guard = new Guard({
    libc,
    clock,
    machine,
    send: (message) => sent.push(message),
    parentPid: () => (wishes.daemonLives?.() ? DAEMON : 1),
    recover: () => events.push('recover'),
    leave: () => events.push('leave'),
  });
  // A timer of one that was never let go must not outlive its test.
  t.teardown(() => guard.disconnected());
  return {
    guard,
    libc,
    clock,
    sent,
    events,
    order: (groups, differs) => ({ do: 'open', order: { ...orderOf(groups, journalPath), ...differs } }),
    owed: () => readFreezeJournal(journalPath),
    async answer<E extends FromGuard['event']>(event: E) {
      await until(`the guard says ${event}`, () => sent.some((each) => each.event === event));
      return sent.find((each) => each.event === event) as Extract<FromGuard, { event: E }>;
    },
    has: (event) => events.includes(event),
  };
}

/** Opened and frozen, with a deadline that no test lives to see unless it says so. */
export async function frozenRig(t: Teardown, groups: readonly string[], wishes?: GuardWishes): Promise<GuardRig> {
  const rig = guardRig(t, wishes);
  rig.guard.receive(rig.order(groups));
  await rig.answer('opened');
  rig.guard.receive({ do: 'freeze' });
  await rig.answer('froze');
  return rig;
}

const orderOf = (groups: readonly string[], journalPath: string): GuardOrder => ({
  groups: groups.map((group) => [...group].map(fileSystemOf)),
  deadlineMs: 60_000,
  expedite: true,
  journalPath,
  bootId: 'boot-1',
  safeFreezeFolder: '/nowhere',
  daemonPid: DAEMON,
});

const fakeExpediter = (before: '0' | '1', events: string[]): Expediter => ({
  raise: () => {
    if (before === '1') return false;
    events.push('raise');
    return true;
  },
  restore: () => {
    events.push('restore');
  },
  close: () => undefined,
});

/** Puts what happens in the kernel among the other events. */
function watched(libc: FakeLibc, events: string[]): FakeLibc {
  const call = async (ioctl: () => Promise<number>) => {
    const errno = await ioctl();
    const seen = events.filter((event) => /^(froze|thawed) /.test(event)).length;
    events.push(...lettered(libc.effects.filter((effect) => !effect.endsWith(String(HARMLESS))).slice(seen)));
    return errno;
  };
  return { ...libc, freeze: (fd) => call(() => libc.freeze(fd)), thaw: (fd) => call(() => libc.thaw(fd)) };
}
