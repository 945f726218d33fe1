import { join } from 'node:path';
import { messageOf, UserError } from '../errors.ts';
import type { Log } from '../log.ts';
import { PATHS } from '../system/paths.ts';
import type { System } from '../system/system.ts';

/**
 * Ends what a killed `quiesced repair` has left: files are put back, programs that were still to be run are run, unless
 * somebody is at work. Never throws: what could not be done is a line in the log, and tried again by whoever comes next.
 *
 * @param lock `ours` when the caller has it.
 */
export async function settleRepair(
  { system, log }: { readonly system: System; readonly log: Log },
  lock: 'ours' | 'to be taken' = 'to be taken',
): Promise<void> {
  // The code is loaded only where there is something to end: an idle daemon stays small.
  const known = await system.list(join(PATHS[system.platform].state, 'repair')).catch(() => undefined);
  if ((known ?? []).length === 0) return;
  const { settleRepairs, settleRepairsUnderLock } = await import('../repair/change.ts');
  const { backupUnderWay } = await import('../backup-under-way.ts');
  const parts = { system, backupUnderWay: () => backupUnderWay(system) };
  try {
    const settled = await (lock === 'ours' ? settleRepairsUnderLock(parts) : settleRepairs(parts, 'quiesced daemon'));
    for (const { message } of settled) log.warn(message);
  } catch (error) {
    const remedy = error instanceof UserError ? error.remedy : undefined;
    log.warn(`a repair that was cut off is not settled: ${messageOf(error)}`, { remedy });
  }
}
