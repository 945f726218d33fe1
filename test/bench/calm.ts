import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** Below this share of idle processor time somebody else is at work here (our own writers take about a quarter). */
const CALM = 0.5;

/**
 * Waits `ms`, and again until the processors were mostly idle meanwhile or patience is at its end: the stalls that we
 * measure are of the length of a time slice, and any neighbour's build would be measured instead. Gives the idle share.
 */
export async function waitForCalm(ms: number, patienceMs: number): Promise<number> {
  for (let tries = Math.floor(patienceMs / ms); ; tries--) {
    const before = processorTime();
    await sleep(ms);
    const after = processorTime();
    const idleShare = (after.idle - before.idle) / (after.all - before.all);
    if (idleShare >= CALM || tries <= 0) return idleShare;
  }
}

export const wasCalm = (idleShare: number): boolean => idleShare >= CALM;

function processorTime(): { idle: number; all: number } {
  const times = cpus().map((cpu) => cpu.times);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return { idle: sum(times.map((time) => time.idle)), all: sum(times.flatMap((time) => Object.values(time))) };
}
