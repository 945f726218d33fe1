import { join, win32 } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../../agent/errors.ts';
import { isPackaged, OWN_UNITS } from '../../../agent/service/state.ts';
import { SERVICE_NAME } from '../../../agent/service/windows.ts';
import { holderOf } from '../../../agent/system/lock.ts';
import { PATHS } from '../../../agent/system/paths.ts';
import { readableList } from '../../../agent/system/readable.ts';
import { lockPath } from '../../../agent/system/run-lock.ts';
import type { System } from '../../../agent/system/system.ts';
import { type Handler, machineIdOf } from './handler.ts';
import { changeRecord, jobLockOf, readRecord, removeRecord } from './record.ts';
import { tellToEnd } from './tell-to-end.ts';

/**
 * The agent allows 900 s for `disable` and 300 s for `uninstall`, our own start and what is taken away included. A job that
 * is cut off is a backup that has failed, so it is waited for first; told to end, it lets go of the applications and runs
 * its post scripts, which takes its time too.
 */
const PATIENCE_MS = {
  disable: { untilToldMs: 240_000, untilGoneMs: 420_000 },
  uninstall: { untilToldMs: 120_000, untilGoneMs: 150_000 },
};
const LOOK_MS = 250;
/** So long the process of a job that was handed on may take to start; on a machine that is busy that is seconds. */
const STARTING_MS = 30_000;

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

/** Sees a job to its end that is under way: its program is about to be taken away. */
export async function disable(handler: Handler): Promise<void> {
  await jobEnded(handler, PATIENCE_MS.disable);
}

/** Leaves nothing behind, unless a newer version goes on with it, or a job that does not end still needs it. */
export async function uninstall(handler: Handler): Promise<void> {
  const { system, version } = handler;
  if (!(await jobEnded(handler, PATIENCE_MS.uninstall))) return;
  const { updatedTo, foundState } = await readRecord(system, await machineIdOf(system));
  if (updatedTo !== undefined && updatedTo !== version) return;
  await removeRecord(system);
  // The package may have come after the extension: what it remembers is its own.
  const others = await hasService(system);
  const atWork = holderOf(lockPath(system)) !== undefined;
  if (!foundState && !others && !atWork) await removeOwnPlaces(system);
}

/** Whether nobody is at work any more. Whoever is has to end when the time for waiting is over. */
async function jobEnded(
  { system, log }: Handler,
  { untilToldMs, untilGoneMs }: { readonly untilToldMs: number; readonly untilGoneMs: number },
): Promise<boolean> {
  const path = jobLockOf(system);
  const begunMs = system.clock.monotonicMs();
  await jobStarted(system);
  const told = new Set<number>();
  for (let holder = holderOf(path); holder !== undefined; holder = holderOf(path)) {
    const waitedMs = system.clock.monotonicMs() - begunMs;
    if (waitedMs > untilToldMs + untilGoneMs) {
      log.warn('a job does not end; what it needs stays', { pid: holder.pid });
      return false;
    }
    // A job that has waited for this one comes after it, and is told as well.
    if (waitedMs > untilToldMs && !told.has(holder.pid)) {
      log.warn('a job is told to end: the extension goes', { pid: holder.pid });
      await tellToEnd(system, holder.pid).then(
        () => told.add(holder.pid),
        (error: unknown) => log.warn('it cannot be told', { pid: holder.pid, why: messageOf(error) }),
      );
    }
    await sleep(LOOK_MS);
  }
  return true;
}

/** Of a job that was handed on a moment ago nobody holds the lock yet. One that never starts is not waited for any longer. */
async function jobStarted(system: System): Promise<void> {
  const path = jobLockOf(system);
  const machineId = await machineIdOf(system);
  const untilMs = system.clock.monotonicMs() + STARTING_MS;
  while (holderOf(path) === undefined && system.clock.monotonicMs() < untilMs) {
    const { jobs } = await readRecord(system, machineId);
    if (!jobs.some(({ phase }) => phase === 'handed')) return;
    await sleep(LOOK_MS);
  }
}

/** What quiesced writes wherever it runs: records, history, locks. Something is owed, or somebody else's: it stays. */
async function removeOwnPlaces(system: System): Promise<void> {
  const { state, runtime, journal, control } = PATHS[system.platform];
  const owed = (await readableList(system, state)).includes('owed.json');
  if (owed || (await readableList(system, journal)).length > 0) return;
  await removeFiles(system, state);
  const folders = system.platform === 'windows' ? [journal, runtime] : [control, journal, runtime];
  for (const folder of folders) await removeFiles(system, folder);
  // There the places are below a folder of ours; what others have put there keeps it.
  if (system.platform === 'windows') await system.removeDir(win32.dirname(state));
}

async function hasService(system: System): Promise<boolean> {
  if (system.platform === 'windows') return (await system.services?.read(SERVICE_NAME)) !== undefined;
  return (await isPackaged(system)) || (await system.stat(`${OWN_UNITS}/quiesced.service`)) !== undefined;
}

async function removeFiles(system: System, folder: string): Promise<void> {
  for (const name of await readableList(system, folder)) {
    const path = join(folder, name);
    if ((await system.stat(path))?.kind === 'file') await system.remove(path);
  }
  await system.removeDir(folder);
}
