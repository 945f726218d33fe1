import { mock } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createLog } from '../../../agent/log.ts';
import type { Job } from '../../../agent/schedule/job.ts';
import { Scheduler } from '../../../agent/schedule/scheduler.ts';
import type { System } from '../../../agent/system/system.ts';
import { type FakeClock, fakeClock } from '../../fakes/clock.ts';
import { fakeSystem } from '../../fakes/system.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
/** Where the record lies. */
export const RECORD = '/var/lib/quiesced/schedule.json';

interface Wishes {
  /** When jobs are due by the record, in milliseconds from the start. */
  readonly recorded?: Readonly<Record<string, number>>;
  /** Instead: its text. */
  readonly record?: string;
  readonly system?: Partial<System>;
}

/** A scheduler whose timers and clock go on when the test says so, and jobs that write down that they ran. */
export interface Rig {
  readonly scheduler: Scheduler;
  readonly clock: FakeClock;
  readonly ran: string[];
  readonly logged: string[];
  busy: boolean;
  /** The process is told to end. */
  end(): void;
  /** Time goes by; in steps, so that what naps is woken as it would be. */
  pass(ms: number): Promise<void>;
  /** The machine sleeps: the clock goes on, and timers do not. Negative: the clock is set back. */
  leap(ms: number): void;
  /** From now on, in milliseconds. */
  dueIn(name: string): number | undefined;
  record(): Promise<string | undefined>;
}

interface Teardown {
  teardown(last: () => void): unknown;
}

export function rigOf(t: Teardown, jobs: (ran: string[]) => readonly Job[], wishes: Wishes = {}): Rig {
  const clock = fakeClock();
  const at = (ms: number) => new Date(clock.now().getTime() + ms).toISOString();
  const due = Object.entries(wishes.recorded ?? {}).map(([name, ms]) => [name, at(ms)]);
  const record = wishes.record ?? (due.length > 0 ? JSON.stringify({ due: Object.fromEntries(due) }) : undefined);
  const fake = fakeSystem({ files: record === undefined ? {} : { [RECORD]: record } });
  const system: System = { ...fake, clock, ...wishes.system };
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout'] });
  t.teardown(() => {
    mock.timers.reset();
    fake.cleanUp();
  });
  const ran: string[] = [];
  const logged: string[] = [];
  const log = createLog('info', (line) => logged.push(line));
  const ending = new AbortController();
  const scheduler = new Scheduler(jobs(ran), { system, log, busy: () => rig.busy, ending: ending.signal });

  const settled = async () => {
    do await nextTurn();
    while (scheduler.working);
  };
  const rig: Rig = {
    scheduler,
    clock,
    ran,
    logged,
    busy: false,
    end: () => ending.abort(),
    async pass(ms) {
      for (let left = ms; left > 0; left -= MINUTE_MS) {
        const step = Math.min(left, MINUTE_MS);
        clock.advance(step);
        mock.timers.tick(step);
        await settled();
      }
    },
    leap: (ms) => clock.advance(ms),
    dueIn(name) {
      const then = scheduler.due[name];
      return then === undefined ? undefined : Date.parse(then) - clock.now().getTime();
    },
    record: () => fake.readText(RECORD),
  };
  return rig;
}

/** Every so often, exactly. */
export const every =
  (ms: number): Job['nextAfter'] =>
  async (now) =>
    new Date(now.getTime() + ms);

/** Writes its name down when it runs; ends when `until` does. */
export const jobOf = (name: string, ran: string[], nextAfter: Job['nextAfter'], until?: () => Promise<void>): Job => ({
  name,
  nextAfter,
  async run() {
    ran.push(name);
    await until?.();
  },
});
