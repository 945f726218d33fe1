/** Something of [schedule] that is done by itself from time to time. */
export interface Job {
  readonly name: string;
  /** When it is due next, seen from `now`; undefined when it is off. */
  nextAfter(now: Date): Promise<Date | undefined>;
  /** Never throws for what it finds. */
  run(): Promise<void>;
}

/** A tenth more or less, so that the machines of a fleet do not all do it at once. */
const JITTER = 0.1;

/** @param random between 0 and 1. */
export const afterInterval =
  (intervalMs: number | undefined, random: () => number = Math.random): Job['nextAfter'] =>
  async (now) =>
    intervalMs === undefined
      ? undefined
      : new Date(now.getTime() + Math.round(intervalMs * (1 + JITTER * (2 * random() - 1))));

/** By the five fields of cron, in the machine's time zone; node-cron counts from the clock's own now. */
export const byCron =
  (expression: string | undefined): Job['nextAfter'] =>
  async () => {
    if (expression === undefined) return undefined;
    const { createTask } = await import('node-cron');
    const task = createTask(expression, () => undefined);
    try {
      return task.getNextRuns(1)[0];
    } finally {
      void task.destroy();
    }
  };
