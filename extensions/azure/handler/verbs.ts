import { setTimeout as sleep } from 'node:timers/promises';
import { isPackaged, OWN_UNITS } from '../../../agent/service/state.ts';
import { holderOf } from '../../../agent/system/lock.ts';
import { PATHS } from '../../../agent/system/paths.ts';
import { readableList } from '../../../agent/system/readable.ts';
import { lockPath } from '../../../agent/system/run-lock.ts';
import type { System } from '../../../agent/system/system.ts';
import { type Handler, machineIdOf } from './handler.ts';
import { changeRecord, JOB_LOCK, readRecord, removeRecord } from './record.ts';

/** The agent allows 900 s for `disable` and 300 s for `uninstall`; a job that is cut off is a backup that has failed. */
const WAIT_MS = { disable: 240_000, uninstall: 120_000 };
const LOOK_MS = 250;

/** Makes the record, which remembers whether quiesced had a place here before. Safe to repeat. */
export async function install({ system }: Handler): Promise<void> {
  const machineId = await machineIdOf(system);
  await changeRecord(system, machineId, ({ updatedTo: _, ...record }) => record);
}

/**
 * Of the new version, before the old one is uninstalled. The record is outside of both, and has one shape until now: what
 * this writes is read back, and what cannot be read is begun anew.
 */
export async function update({ system, version }: Handler): Promise<void> {
  const machineId = await machineIdOf(system);
  // On a downgrade the agent calls the old version, and names the other one: waagent.md §2.
  const updatedTo = system.env.VERSION || version;
  await changeRecord(system, machineId, (record) => ({ ...record, updatedTo }));
}

/** Waits for a job that is under way: its program is about to be taken away. */
export const disable = ({ system }: Handler): Promise<void> => jobEnded(system, WAIT_MS.disable);

/** Leaves nothing behind, unless a newer version goes on with it. */
export async function uninstall({ system, version }: Handler): Promise<void> {
  await jobEnded(system, WAIT_MS.uninstall);
  const { updatedTo, foundState } = await readRecord(system, await machineIdOf(system));
  if (updatedTo !== undefined && updatedTo !== version) return;
  await removeRecord(system);
  // The package may have come after the extension: what it remembers is its own.
  const others = (await isPackaged(system)) || (await system.stat(`${OWN_UNITS}/quiesced.service`)) !== undefined;
  const atWork = holderOf(lockPath(system)) !== undefined;
  if (!foundState && !others && !atWork) await removeOwnPlaces(system);
}

async function jobEnded(system: System, limitMs: number): Promise<void> {
  const until = system.clock.monotonicMs() + limitMs;
  const path = system.resolve(JOB_LOCK);
  while (holderOf(path) !== undefined && system.clock.monotonicMs() < until) await sleep(LOOK_MS);
}

/** What quiesced writes wherever it runs: records, history, locks. Something is owed, or somebody else's: it stays. */
async function removeOwnPlaces(system: System): Promise<void> {
  const { state, runtime, journal, control } = PATHS.linux;
  const owed = (await readableList(system, state)).includes('owed.json');
  if (owed || (await readableList(system, journal)).length > 0) return;
  await removeFiles(system, state);
  for (const folder of [control, journal, runtime]) await removeFiles(system, folder);
}

async function removeFiles(system: System, folder: string): Promise<void> {
  for (const name of await readableList(system, folder)) {
    if ((await system.stat(`${folder}/${name}`))?.kind === 'file') await system.remove(`${folder}/${name}`);
  }
  await system.removeDir(folder);
}
