import { join } from 'node:path';
import { PATHS } from '../system/paths.ts';
import type { System } from '../system/system.ts';

/** When each job is due next, by name, in ISO form: what makes a run that was missed known after a reboot. */
export type Due = Readonly<Record<string, string>>;

const pathOf = (system: System): string => join(PATHS[system.platform].state, 'schedule.json');

/** Nothing, for a record that is not there or not understood: then every job is due anew. */
export async function readDue(system: System): Promise<Due> {
  try {
    const { due } = JSON.parse((await system.readText(pathOf(system))) ?? '{}');
    if (typeof due !== 'object' || due === null) return {};
    return Object.fromEntries(Object.entries(due).filter((pair): pair is [string, string] => isTime(pair[1])));
  } catch {
    return {};
  }
}

const isTime = (value: unknown): boolean => typeof value === 'string' && !Number.isNaN(Date.parse(value));

/**
 * Whether it was written; not while `busy`, which is asked at the last moment: a write to what is frozen by then would
 * stop this process, and with it the answer to whoever wants it thawed.
 */
export async function writeDue(system: System, due: Due, busy: () => boolean): Promise<boolean> {
  await system.makeDir(PATHS[system.platform].state, 0o700);
  if (busy()) return false;
  await system.write(pathOf(system), `${JSON.stringify({ schema: 1, due })}\n`, { mode: 0o600 });
  return true;
}
