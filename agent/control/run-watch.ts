import type { Clock } from '../system/system.ts';
import type { Taker } from '../takers/taker.ts';
import type { RunStatus } from './protocol.ts';

/** What is told of a run while it is under way, learnt from when its taker is called. */
export class RunWatch {
  /** Resolves when everything is held that will be. Never rejects; never resolves for a run that comes to nothing. */
  readonly held: Promise<RunStatus>;
  readonly #kind: string;
  readonly #longestMs: number;
  readonly #clock: Clock;
  readonly #heldNow = Promise.withResolvers<RunStatus>();
  #since: Date;
  #state: RunStatus['state'] = 'entering';
  #faults: RunStatus['faults'] = [];

  /** @param longestMs how long it is held unless it is released. */
  constructor(kind: string, longestMs: number, clock: Clock) {
    this.#kind = kind;
    this.#longestMs = longestMs;
    this.#clock = clock;
    this.#since = clock.now();
    this.held = this.#heldNow.promise;
  }

  status(): RunStatus {
    return {
      schema: 1,
      state: this.#state,
      kind: this.#kind,
      pid: process.pid,
      since: this.#since.toISOString(),
      until: new Date(this.#since.getTime() + this.#longestMs).toISOString(),
      faults: this.#faults,
    };
  }

  /** Asked to let go: from now on that is what it does. */
  leaving(): void {
    this.#state = 'leaving';
  }

  watching(taker: Taker): Taker {
    return {
      ...taker,
      take: async (signal, holding) => {
        this.#since = this.#clock.now();
        this.#faults = holding.faults.map(({ phase, message }) => ({ phase, message }));
        if (this.#state === 'entering') this.#state = 'held';
        this.#heldNow.resolve(this.status());
        try {
          return await taker.take(signal, holding);
        } finally {
          this.leaving();
        }
      },
    };
  }
}
