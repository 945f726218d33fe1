import { messageOf } from '../errors.ts';
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
}

/** Runs the jobs when they are due, one after the other, and remembers on disk when they are due next. */
export class Scheduler {
  readonly #parts: SchedulerParts;
  readonly #jobs: readonly Job[];
  #due: Due = {};
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
    const { system } = this.#parts;
    const recorded = await readDue(system);
    const now = system.clock.now();
    const due: [string, string][] = [];
    for (const { name, nextAfter } of this.#jobs) {
      const next = await nextAfter(now);
      if (next === undefined) continue;
      const then = urgent.includes(name) ? now.toISOString() : recorded[name];
      // A time beyond the next one comes from another schedule, or from a clock that was wrong.
      due.push([name, then !== undefined && Date.parse(then) <= next.getTime() ? then : next.toISOString()]);
    }
    this.#due = Object.fromEntries(due);
    this.#nap(firstLookMs);
  }

  /** Waits for a job that is running. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#working;
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
    this.#working = this.#runDue().finally(() => {
      this.#working = undefined;
      this.#nap(SHORTEST_NAP_MS);
    });
  }

  async #runDue(): Promise<void> {
    const { system, log } = this.#parts;
    for (const job of this.#jobs) {
      const at = this.#due[job.name];
      if (at === undefined || Date.parse(at) > system.clock.now().getTime() || this.#stopped) continue;
      try {
        await job.run();
      } catch (error) {
        log.error(`${job.name} by schedule failed: ${messageOf(error)}`);
      }
      const next = await job.nextAfter(system.clock.now());
      const { [job.name]: _, ...others } = this.#due;
      this.#due = next === undefined ? others : { ...others, [job.name]: next.toISOString() };
      await writeDue(system, this.#due).catch((error) =>
        log.warn(`when ${job.name} is due next could not be written down: ${messageOf(error)}`),
      );
    }
  }
}
