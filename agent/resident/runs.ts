import type { Run } from '../daemon.ts';
import { UserError } from '../errors.ts';
import type { Outcome } from '../snapshot/outcome.ts';
import { lockBusy } from '../system/lock.ts';
import type { Clock } from '../system/system.ts';

interface Current {
  readonly kind: string;
  readonly since: string;
  /** Undefined until it is planned. */
  run?: Run;
  /** Rejects for one that is refused. */
  planned?: Promise<Run>;
}

/** One run at a time, from the moment that it was asked for until all is left. */
export class Runs {
  readonly #clock: Clock;
  #current: Current | undefined;
  #ended: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get current(): Run | undefined {
    return this.#current?.run;
  }

  /** In the words of the lock, which is taken a little later. */
  busy(): UserError | undefined {
    if (this.#current === undefined) return undefined;
    const { kind, since } = this.#current;
    return lockBusy({ command: `quiesced ${kind}`, pid: process.pid, since });
  }

  /** Throws `lock.busy`, or whatever kept the run from being started. */
  async start(kind: string, make: () => Promise<Run>): Promise<Run> {
    const busy = this.busy();
    if (busy !== undefined) throw busy;
    const current: Current = { kind, since: this.#clock.now().toISOString() };
    this.#current = current;
    const free = () => {
      this.#current = undefined;
    };
    current.planned = make();
    this.#ended = current.planned.then(({ ended }) => ended).then(free, free);
    current.run = await current.planned;
    return current.run;
  }

  /** Also one that was asked for and is not planned yet: whoever gave it up would not ask again. */
  async release(): Promise<Outcome> {
    const run = await this.#current?.planned?.catch(() => undefined);
    if (run === undefined) throw new UserError('hold.none', 'nothing is held');
    return run.release();
  }

  /** Resolves when no run is under way. */
  async idle(): Promise<void> {
    await this.#ended;
  }
}
