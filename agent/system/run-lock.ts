import { join } from 'node:path';
import { faultPoint } from '../fault-point.ts';
import { type Lock, takeLock } from './lock.ts';
import { PATHS } from './paths.ts';
import type { System } from './system.ts';

/** Held by whoever brings the machine to rest, or changes it: one at a time. */
export const lockPath = (system: System): string => system.resolve(join(PATHS[system.platform].runtime, 'lock'));

/** Throws `lock.busy`, which names who is at work. */
export async function underLock<T>(system: System, command: string, work: (lock: Lock) => Promise<T>): Promise<T> {
  await faultPoint('lock.folder.before');
  await system.makeDir(PATHS[system.platform].runtime, 0o755);
  await faultPoint('lock.folder.after');
  const since = system.clock.now().toISOString();
  const lock = await takeLock(lockPath(system), { pid: process.pid, command, since });
  try {
    return await work(lock);
  } finally {
    lock.release();
  }
}
