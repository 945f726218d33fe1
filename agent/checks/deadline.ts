import { TURNS } from '../system/waits.ts';

/** While others still get their answers, the machine is slow, and nothing says that this one hangs. */
const STILL_MOVING_MS = 3000;
const LATEST_MS = 30_000;

/**
 * The deadlines of checks that run at once and share the processors: on a slow machine they would all pass together,
 * though nothing hangs. So one that has passed is put off for as long as other checks keep being answered, at most until
 * `LATEST_MS` after its start. It is counted in turns, since it may also be this process that stands still.
 */
export class SharedDeadline {
  readonly #stillMovingMs: number;
  #lastAnswerMs = Number.NEGATIVE_INFINITY;

  constructor(stillMovingMs = STILL_MOVING_MS) {
    this.#stillMovingMs = stillMovingMs;
  }

  /** Settles as `answer`; rejects when it has been silent for too long. What is abandoned is waited for by nobody. */
  async within<T>(deadlineMs: number, answer: Promise<T>): Promise<T> {
    const startMs = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const look = (): void => {
        const nowMs = performance.now();
        const untilMs = Math.min(this.#lastAnswerMs + this.#stillMovingMs, startMs + LATEST_MS);
        if (nowMs < untilMs) wait(untilMs - nowMs);
        else reject(new Error(`no answer within ${seconds(nowMs - startMs)} s`));
      };
      const wait = (ms: number, turns = TURNS): void => {
        timer = setTimeout(() => (turns > 1 ? wait(ms, turns - 1) : look()), ms / TURNS);
      };
      wait(deadlineMs);
    });
    try {
      const noted = answer.finally(() => {
        this.#lastAnswerMs = performance.now();
      });
      return await Promise.race([noted, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

const seconds = (ms: number): number => Math.round(ms / 10) / 100;
