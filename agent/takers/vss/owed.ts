import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../errors.ts';
import { faultPoint } from '../../fault-point.ts';
import type { System } from '../../system/system.ts';
import { system32Program } from '../../system/system32.ts';
import { LeftBehind } from '../left-behind.ts';
import { askPowerShell, deleteSet, isSetId, setsThere } from './delete-set.ts';
import { creationLog, isFolderOfOurs, removeFolder } from './diskshadow.ts';
import { forgetKept, readKept } from './kept.ts';
import { parseShadowLog } from './shadow-ids.ts';
import { parseVssError } from './vss-error.ts';

/** What another process needs to know of shadow copies that it has to delete. */
export interface OwedShadows {
  /** Of the session that makes them; its log is in it. */
  readonly folder: string;
  /** Once it is known. */
  readonly set?: string;
  /** The shadow copies are seen to: nothing is left but files in the folder. */
  readonly settled?: true;
}

export function parseOwedShadows(what: unknown): OwedShadows {
  const { folder, set, settled } = (typeof what === 'object' && what !== null ? what : {}) as Record<string, unknown>;
  const isSet = set === undefined || isSetId(set);
  const isSettled = settled === undefined || settled === true;
  if (typeof folder !== 'string' || !isFolderOfOurs(folder) || !isSet || !isSettled) {
    throw new UserError('vss.record-broken', 'what is on record of shadow copies is not understood', {
      remedy: 'See which there are: vssadmin list shadows. Delete what is left over, then remove the record.',
    });
  }
  return { folder, ...(set === undefined ? {} : { set }), ...(settled === undefined ? {} : { settled }) };
}

/** As long as VSS takes at the most, and a little more. */
const LAST_MS = 90_000;
const LOOK_AGAIN_MS = 1000;
const TASKKILL_MS = 10_000;

/**
 * Deletes what a run has made that died, or that had to end diskshadow. Windows ends that with us, and VSS gives up what
 * it had begun; one that has outlived us is waited for. Where there may be shadow copies whose id was not written down,
 * they are told of, once: nothing is deleted that is not certain to be ours.
 */
export async function settleShadows(system: System, what: unknown, signal: AbortSignal): Promise<void> {
  const owed = parseOwedShadows(what);
  await ended(system, owed.folder, signal);
  if (owed.settled) return removeFolder(system, owed.folder);
  const log = await creationLog(system, owed.folder);
  const set = owed.set ?? (log === undefined ? undefined : parseShadowLog(log)?.set);
  if (set !== undefined) {
    await deleteSet(system, owed.folder, set);
    // The record may be another run's by now; that there is none any more is found out when it is settled again.
    signal.throwIfAborted();
    await forgetKept(system, set);
  }
  await removeFolder(system, owed.folder);
  // It has not got as far as to log anything, or has logged that it failed.
  if (set !== undefined || log === undefined || parseVssError(log) !== undefined) return;
  const there = await setsThere(system);
  const kept = await readKept(system);
  const doubtful = there?.filter((each) => !kept.some((known) => known.set === each));
  if (doubtful?.length !== 0) throw left(doubtful ?? ['not known which']);
}

const left = (sets: readonly string[]): LeftBehind =>
  new LeftBehind('vss.left', `shadow copies of which one set may be of the run that was cut off: ${sets.join(', ')}`, {
    remedy: 'See from when they are: vssadmin list shadows. One of ours, in diskshadow: delete shadows set {ID}',
  });

/** Ends the diskshadow of this session, should it not end by itself. */
async function ended(system: System, folder: string, signal: AbortSignal): Promise<void> {
  const until = system.clock.monotonicMs() + LAST_MS;
  for (let pids = await ours(system, folder); pids.length > 0; pids = await ours(system, folder)) {
    signal.throwIfAborted();
    if (system.clock.monotonicMs() >= until) {
      await faultPoint('vss.end.before');
      const taskkill = system32Program(system, 'taskkill.exe');
      for (const pid of pids) await system.run([taskkill, '/PID', pid, '/T', '/F'], { timeoutMs: TASKKILL_MS });
      await faultPoint('vss.end.after');
      return;
    }
    await sleep(LOOK_AGAIN_MS);
  }
}

/** By the path of its script, which no other has. */
async function ours(system: System, folder: string): Promise<readonly string[]> {
  const name = folder.slice(folder.lastIndexOf('\\') + 1);
  const lines = await askPowerShell(
    system,
    `Get-CimInstance Win32_Process | Where-Object { $_.Name -eq 'diskshadow.exe' -and $_.CommandLine -like '*${name}*' } | ForEach-Object { $_.ProcessId }`,
  );
  return (lines ?? []).filter((line) => /^\d+$/.test(line));
}
