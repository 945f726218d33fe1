import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { faultPointSync } from '../fault-point.ts';

/**
 * `/sys/kernel/rcu_expedited`: freeze_super waits for RCU grace periods, about 28 ms for each file system; expedited
 * they take well below one. The kernel's own documentation allows it for exactly such stretches
 * (Documentation/RCU: "rcu_expedited … for use during boot, suspend, and the like").
 */
export interface Expediter {
  /** Raises it; `true` when it was 0, so that it is ours to put back. */
  raise(): boolean;
  /** Puts back what `raise` changed. */
  restore(): void;
  close(): void;
}

export const EXPEDITED = '/sys/kernel/rcu_expedited';
/** On real-time kernels grace periods are kept normal on purpose, and this says 1. */
const NORMAL = '/sys/kernel/rcu_normal';

/**
 * In the place of a process that died with it raised. Never throws: a machine that stays expedited is a little busier,
 * one that stays frozen stands still. Returns whether it is as before; if not, it stays owed.
 */
export function restoreExpedited(open: () => Expediter | undefined = openExpediter): boolean {
  try {
    const expediter = open();
    faultPointSync('expedite.restore-owed.before');
    expediter?.restore();
    faultPointSync('expedite.restore-owed.after');
    expediter?.close();
    return true;
  } catch {
    return false;
  }
}

/** Opens the switch before the freeze; undefined where there is none or the kernel is told not to expedite. */
export function openExpediter(path = EXPEDITED, normalPath = NORMAL): Expediter | undefined {
  let fd: number;
  try {
    if (readFileSync(normalPath, 'utf8').trim() === '1') return undefined;
    fd = openSync(path, 'r+');
  } catch {
    // Absent (CONFIG_TINY_RCU), read-only (container): the freeze is slower, not worse.
    return undefined;
  }
  return {
    raise: () => {
      const present = Buffer.alloc(8);
      const length = readSync(fd, present, 0, present.length, 0);
      if (present.toString('utf8', 0, length).trim() !== '0') return false;
      writeSync(fd, '1', 0);
      return true;
    },
    restore: () => {
      writeSync(fd, '0', 0);
    },
    close: () => closeSync(fd),
  };
}
