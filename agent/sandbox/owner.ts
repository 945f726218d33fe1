import { parseStat } from '../system/kin.ts';
import type { System } from '../system/system.ts';

/** Who made a sandbox. A pid alone is not enough: it is given away again, and means another process elsewhere. */
export interface Owner {
  readonly pid: number;
  /** Clock ticks from boot to the start of the process. */
  readonly started: number;
  readonly bootId: string;
  readonly pidNamespace: string;
}

/** This process. */
export async function thisOwner(system: System): Promise<Owner> {
  return {
    pid: process.pid,
    started: (await startOf(system, process.pid)) ?? 0,
    bootId: await bootIdOf(system),
    pidNamespace: (await system.readLink('/proc/self/ns/pid')) ?? '',
  };
}

/** Whether the owner is known to be gone. One in another pid namespace (a container) cannot be seen: not known. */
export async function isGone(system: System, owner: Owner): Promise<boolean> {
  const here = await thisOwner(system);
  if (owner.bootId !== here.bootId) return true;
  if (owner.pidNamespace !== here.pidNamespace) return false;
  return (await startOf(system, owner.pid)) !== owner.started;
}

/** The record of an owner, `undefined` when it is none. */
export function parseOwner(text: string): Owner | undefined {
  try {
    const { pid, started, bootId, pidNamespace } = JSON.parse(text) as Partial<Record<keyof Owner, unknown>>;
    if (typeof pid !== 'number' || typeof started !== 'number') return undefined;
    if (typeof bootId !== 'string' || typeof pidNamespace !== 'string') return undefined;
    return { pid, started, bootId, pidNamespace };
  } catch {
    // Cut short or not ours.
    return undefined;
  }
}

async function startOf(system: System, pid: number): Promise<number | undefined> {
  const stat = parseStat((await system.readText(`/proc/${pid}/stat`)) ?? '');
  return stat?.dead ? undefined : stat?.started;
}

const bootIdOf = async (system: System): Promise<string> =>
  ((await system.readText('/proc/sys/kernel/random/boot_id')) ?? '').trim();
