import { win32 } from 'node:path';
import { UserError } from '../errors.ts';
import { makeFolder, pathAccess, setAccessOfPath } from './access-windows.ts';
import { PATHS } from './paths.ts';
import type { System } from './system.ts';
import { distrust } from './trust.ts';

/** All our places are in it. */
const BASE = win32.dirname(PATHS.windows.configFile);

/** The calls of Windows, in whose place a test has its own. */
export interface PathAccess {
  /** Whether it was made: false where something stands there. */
  makeFolder(path: string, sddl: string): boolean;
  setAccessOfPath(path: string, sddl: string): void;
}

/**
 * Makes a folder with its parents, which nobody but administrators may write to. Below `%ProgramData%`, where every user
 * may make what he likes, one that is there already is not taken over unless it is administrators' own: what is in it
 * would be obeyed.
 *
 * Throws a `UserError` (`folder.unsafe`).
 */
export async function makeWindowsFolder(
  system: System,
  path: string,
  mode: number,
  access: PathAccess = { makeFolder, setAccessOfPath },
): Promise<void> {
  const missing: string[] = [];
  for (let here = path; (await system.stat(here)) === undefined; here = win32.dirname(here)) {
    // There is nothing above a disk, which may be missing too.
    if (here === win32.dirname(here)) break;
    missing.unshift(here);
  }
  // Those in between are for whoever may read the last one. What somebody else has made meanwhile is not ours.
  const made = missing.filter((each) => access.makeFolder(each, pathAccess(each === path ? mode : 0o755)));
  if (path !== BASE && !path.startsWith(`${BASE}\\`)) return;
  const found = made.includes(BASE) ? undefined : await distrust(system, BASE);
  if (found !== undefined) {
    throw new UserError('folder.unsafe', `${found.what}: nothing is kept there`, {
      remedy: `Somebody may have made it to be obeyed. Look at it, then remove it, or: ${found.remedy}`,
    });
  }
  if (!made.includes(path)) access.setAccessOfPath(path, pathAccess(mode));
}
