import { UserError } from '../../errors.ts';
import { GUID } from '../../system/guid.ts';
import type { System } from '../../system/system.ts';
import { system32Program } from '../../system/system32.ts';
import { runDiskshadow, tellEnd } from './diskshadow.ts';

const DELETE_MS = 60_000;
const ASK_MS = 30_000;

/**
 * Deletes the shadow copies of one set, by its id: never those of anybody else. Done also when it is there no more: VSS
 * deletes the oldest by itself when it runs out of room. Throws a `UserError` when it stays.
 *
 * @param folder for script and log; the caller removes it.
 */
export async function deleteSet(system: System, folder: string, set: string): Promise<void> {
  if (!isSetId(set)) throw new Error(`${set} is no id of a set of shadow copies`);
  // Not by vssadmin, which deletes those of shared folders alone.
  const said = await runDiskshadow(system, folder, 'delete', [`DELETE SHADOWS SET ${set}`], { timeoutMs: DELETE_MS });
  if (said.exitCode === 0) return;
  const there = await setsThere(system);
  if (there !== undefined && !there.includes(set.toLowerCase())) return;
  throw new UserError('vss.not-deleted', `the set of shadow copies ${set} could not be deleted: ${tellEnd(said)}`, {
    remedy: `It is tried again with the next run. By hand, in diskshadow: delete shadows set ${set}`,
  });
}

/** Whether it may be the id of a set: what a record says goes into a script of diskshadow. */
export const isSetId = (set: unknown): set is string => typeof set === 'string' && SET_ID.test(set);

const SET_ID = new RegExp(`^${GUID}$`, 'i');

/** The ids of all sets that there are, in lower case, in the words of WMI, which has no language; undefined where it does not answer. */
export async function setsThere(system: System): Promise<readonly string[] | undefined> {
  const lines = await askPowerShell(system, 'Get-CimInstance Win32_ShadowCopy | ForEach-Object { $_.SetID }');
  return lines?.map((line) => line.toLowerCase());
}

/** What a command of PowerShell answers, line by line; undefined where it fails. */
export async function askPowerShell(system: System, command: string): Promise<readonly string[] | undefined> {
  const program = system32Program(system, 'WindowsPowerShell\\v1.0\\powershell.exe');
  const strictly = `$ErrorActionPreference = 'Stop'; ${command}`;
  const argv = [program, '-NoProfile', '-NonInteractive', '-Command', strictly];
  const { exitCode, stdout } = await system.run(argv, { timeoutMs: ASK_MS });
  if (exitCode !== 0) return undefined;
  return stdout
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
