import { isDeepStrictEqual } from 'node:util';
import { messageOf, UserError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { System } from '../system/system.ts';
import type { Job } from './job.ts';
import { type Due, readDue, writeDue } from './record.ts';

/**
 * The longest nap. Timers stand still while the machine sleeps, and know nothing of a clock that was set: so the clock
 * is looked at from time to time, and what was missed is made up then.
 */
const NAP_MS = 15 * 60_000;
/** A schedule that is due at once again must not spin. */
const SHORTEST_NAP_MS = 1000;
/** While a run is under way nothing else is done; it is asked again so much later. */
const BUSY_MS = 60_000;

export interface SchedulerParts {
  readonly system: System;
  readonly log: Log;
  /** A run is under way, so nothing may be started, nor written. */
  readonly busy: () => boolean;
  /** Aborted when this process ends, and with it the job that runs. */
  readonly ending: AbortSignal;
}

/** Runs the jobs when they are due, one after the other, and remembers on disk when they are due next. */
export class Scheduler {
  readonly #parts: SchedulerParts;
  readonly #jobs: readonly Job[];
  #due: Due = {};
  /** What the record on disk says, as far as is known. */
  #recorded: Due | undefined;
  #lookedAtMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> | undefined;
  #stopped = false;

  constructor(jobs: readonly Job[], parts: SchedulerParts) {
    this.#jobs = jobs;
    this.#parts = parts;
  }

  /** Of those that are not off. */
  get due(): Due {
    return this.#due;
  }

  get working(): boolean {
    return this.#working !== undefined;
  }

  /**
   * @param urgent names of jobs that are due now, whatever the record says.
   * @param firstLookMs nothing is run before.
   */
  async start(urgent: readonly string[], firstLookMs: number): Promise<void> {
    const now = this.#look().toISOString();
    const recorded = await readDue(this.#parts.system);
    this.#due = await this.#plan({ ...recorded, ...Object.fromEntries(urgent.map((name) => [name, now])) });
    if (isDeepStrictEqual(recorded, this.#due)) this.#recorded = this.#due;
    await this.#remember();
    this.#nap(firstLookMs);
  }

  /** Waits for a job that is running. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#working;
    await this.#remember();
  }

  /** A time beyond the next one comes from another schedule, or from a clock that was wrong. */
  async #plan(known: Due): Promise<Due> {
    const due: [string, string][] = [];
    for (const { name, nextAfter } of this.#jobs) {
      const next = await nextAfter(this.#parts.system.clock.now());
      if (next === undefined) continue;
      const then = known[name];
      due.push([name, then !== undefined && Date.parse(then) <= next.getTime() ? then : next.toISOString()]);
    }
    return Object.fromEntries(due);
  }

  #nap(leastMs: number): void {
    if (this.#stopped || Object.keys(this.#due).length === 0) return;
    const nowMs = this.#parts.system.clock.now().getTime();
    const soonest = Math.min(...Object.values(this.#due).map((at) => Date.parse(at) - nowMs));
    this.#timer = setTimeout(() => this.#wake(), Math.max(leastMs, Math.min(soonest, NAP_MS)));
  }

  #wake(): void {
    if (this.#parts.busy()) {
      this.#nap(BUSY_MS);
      return;
    }
    this.#working = this.#work().then((napMs) => {
      this.#working = undefined;
      this.#nap(napMs);
    });
  }

  /** How long to nap at least. */
  async #work(): Promise<number> {
    const { system, busy } = this.#parts;
    const lookedAtMs = this.#lookedAtMs;
    // Set back: what was far ahead by the clock as it was may never come now.
    if (this.#look().getTime() < lookedAtMs) this.#due = await this.#plan(this.#due);
    await this.#remember();
    for (const job of this.#jobs) {
      if (!this.#isDue(job)) continue;
      if (busy() || (await this.#run(job)) === 'postponed') return BUSY_MS;
      const next = await job.nextAfter(system.clock.now());
      const { [job.name]: _, ...others } = this.#due;
      this.#due = next === undefined ? others : { ...others, [job.name]: next.toISOString() };
      await this.#remember();
    }
    return SHORTEST_NAP_MS;
  }

  #isDue({ name }: Job): boolean {
    const at = this.#due[name];
    return at !== undefined && Date.parse(at) <= this.#parts.system.clock.now().getTime() && !this.#stopped;
  }

  /** Not in the course of the jobs: that the clock was set back meanwhile is seen at the next look. */
  #look(): Date {
    const now = this.#parts.system.clock.now();
    this.#lookedAtMs = now.getTime();
    return now;
  }

  /** Postponed by a run of somebody else, who has the lock, and by our end; one that fails waits for its next time. */
  async #run(job: Job): Promise<'done' | 'postponed'> {
    try {
      await job.run();
    } catch (error) {
      const { log, ending } = this.#parts;
      if (ending.aborted || (error instanceof UserError && error.code === 'lock.busy')) return 'postponed';
      log.error(`${job.name} by schedule failed: ${messageOf(error)}`);
    }
    return 'done';
  }

  /** What could not be written down now is so at the next look. */
  async #remember(): Promise<void> {
    const { system, log, busy } = this.#parts;
    const due = this.#due;
    if (due === this.#recorded) return;
    try {
      if (await writeDue(system, due, busy)) this.#recorded = due;
    } catch (error) {
      log.warn(`when the jobs of [schedule] are due next could not be written down: ${messageOf(error)}`);
      // Once is enough: it is told again when there is something new to write down.
      this.#recorded = due;
    }
  }
}
