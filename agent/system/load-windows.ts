import { cpus, freemem, totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** The part of `System` that tells how busy the machine is; only Windows has it: Linux has files for that. */
export interface Load {
  /** Share of the processors that was not idle during this time, 0 to 100. */
  busyPercent(forMs: number): Promise<number>;
  /** Share of the memory that is in use; what caches hold and would give back is not. */
  memoryPercent(): number;
}

/** By GetSystemTimes' figures for each processor, and GlobalMemoryStatusEx, as Node asks for them. */
export const windowsLoad: Load = {
  async busyPercent(forMs) {
    const before = times();
    await sleep(forMs);
    const after = times();
    const total = after.total - before.total;
    return total <= 0 ? 0 : 100 * (1 - (after.idle - before.idle) / total);
  },
  memoryPercent: () => 100 * (1 - freemem() / totalmem()),
};

function times(): { readonly total: number; readonly idle: number } {
  const all = cpus().map(({ times }) => times);
  const idle = all.reduce((sum, each) => sum + each.idle, 0);
  return { idle, total: all.reduce((sum, { user, sys, irq, nice }) => sum + user + sys + irq + nice, idle) };
}
