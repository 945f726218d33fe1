import { randomUUID } from 'node:crypto';
import { win32 } from 'node:path';
import { UserError } from '../../errors.ts';
import { faultPoint } from '../../fault-point.ts';
import { PATHS } from '../../system/paths.ts';
import type { System } from '../../system/system.ts';
import { system32Program } from '../../system/system32.ts';

/** How diskshadow ended, and what it said; in the language of the system but for GUIDs, aliases and names of errors. */
export interface Said {
  /** Undefined when it did not exit by itself. */
  readonly exitCode: number | undefined;
  /** It was at work, and was ended by others: by us, too, when it took too long. */
  readonly cutShort: boolean;
  readonly output: string;
}

/** Throws a `UserError` where there is none. */
export async function assertDiskshadow(system: System): Promise<void> {
  if (system.platform !== 'windows') {
    throw new UserError('vss.windows', 'shadow copies are made on Windows only', {
      remedy: 'Write taker = command in [snapshot], and the command that takes the snapshot.',
    });
  }
  const path = system32Program(system, 'diskshadow.exe');
  if ((await system.stat(path)) !== undefined) return;
  throw new UserError('vss.no-diskshadow', `there is no ${path}: only Windows Server has it`, {
    remedy:
      'Have a program of yours take it: quiesced snapshot -- COMMAND. Or hold scripts for whoever does: quiesced hold --no-freeze',
  });
}

/** A name below which one session has its files. Nothing is made yet. */
export const newFolder = (): string => win32.join(PATHS.windows.runtime, `vss-${randomUUID().slice(0, 8)}`);

/** One that a record names, and that may therefore be emptied. */
export const isFolderOfOurs = (path: string): boolean =>
  win32.dirname(path) === PATHS.windows.runtime && /^vss-[0-9a-f]{8}$/.test(win32.basename(path));

/** What a session is for: its files are named after it, so that no log takes the place of another that is still to be read. */
export type Purpose = 'create' | 'delete';
const scriptOf = (purpose: Purpose): string => `${purpose}.dsh`;
const logOf = (purpose: Purpose): string => `${purpose}.log`;
/** What writers say of themselves; diskshadow leaves it in its working folder, which is a disk's root, unless it is told. */
const METADATA = 'metadata.cab';

export const metadataIn = (folder: string): string => win32.join(folder, METADATA);
/** What was logged while shadow copies were made, a character for each byte; undefined where that was not begun. */
export const creationLog = (system: System, folder: string): Promise<string | undefined> =>
  system.readText(win32.join(folder, logOf('create')), 'latin1');

export interface DiskshadowOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Runs commands of diskshadow in a folder that is for Administrators and SYSTEM alone; the folder stays. */
export async function runDiskshadow(
  system: System,
  folder: string,
  purpose: Purpose,
  commands: readonly string[],
  options: DiskshadowOptions,
): Promise<Said> {
  const script = win32.join(folder, scriptOf(purpose));
  await faultPoint('vss.script.before');
  await system.makeDir(folder, 0o700);
  // It takes the last character of a line that does not end as lines do on Windows for part of its end.
  await system.write(script, `${commands.join('\r\n')}\r\n`, { mode: 0o600 });
  await faultPoint('vss.script.after');
  await faultPoint('vss.diskshadow.before');
  const argv = [system32Program(system, 'diskshadow.exe'), '/s', script, '/l', win32.join(folder, logOf(purpose))];
  const { ended, exitCode, stdout, stderr } = await system.run(argv, options);
  await faultPoint('vss.diskshadow.after');
  return { exitCode, cutShort: ended === 'timed-out' || ended === 'signalled', output: `${stdout}${stderr}` };
}

/** Removes the files of sessions that have ended. */
export async function removeFolder(system: System, folder: string): Promise<void> {
  const known = (['create', 'delete'] as const).flatMap((purpose) => [scriptOf(purpose), logOf(purpose)]);
  const names = new Set([...known, METADATA, ...((await system.list(folder)) ?? [])]);
  await faultPoint('vss.folder.before');
  for (const name of names) await system.remove(win32.join(folder, name));
  await system.removeDir(folder);
  await faultPoint('vss.folder.after');
}

/** `diskshadow ended with 4: the last thing that it said`. */
export function tellEnd({ exitCode, output }: Said): string {
  const last = output
    .split(/\r?\n/)
    .map((line) => line.trim())
    .findLast((line) => line !== '' && !line.startsWith('->'));
  const how = exitCode === undefined ? 'did not end by itself' : `ended with ${exitCode}`;
  return `diskshadow ${how}${last === undefined ? '' : `: ${last.slice(0, 300)}`}`;
}
