import { posix } from 'node:path';
import { UserError } from '../errors.ts';
import { shellWord } from './shell-word.ts';
import type { FileStat, Platform, System } from './system.ts';
import { distrustOnWindows, exposureOnWindows } from './trust-windows.ts';

/** Why a file may not be obeyed, and the command that mends it. */
export interface Distrust {
  readonly what: string;
  readonly remedy: string;
}

/** As many as the kernel follows: path_resolution(7). */
const MAX_LINKS = 40;

/**
 * Whether anybody but root could have written the file at the absolute `path`, or put another in its place: undefined
 * when not. Walks from the root prefix, which is trusted itself, through every folder and link down to the target.
 *
 * From the top down, because a folder that only root may write keeps all below it from being exchanged once it was
 * looked at. What does not exist ends the walk: its folders were judged. On Windows by the lists of access.
 * It doesn't ask whether the system is live: the owners on a mounted disk mean nothing here, so callers do.
 */
export async function distrust(system: System, path: string): Promise<Distrust | undefined> {
  if (system.platform === 'windows') return distrustOnWindows(system, path);
  const todo = partsOf(path);
  const done: string[] = [];
  let links = 0;
  for (let part = todo.shift(); part !== undefined; part = todo.shift()) {
    if (part === '..') done.pop();
    if (part === '.' || part === '..') continue;
    const here = `/${[...done, part].join('/')}`;
    const target = await system.readLink(here);
    if (target !== undefined) {
      links += 1;
      if (links > MAX_LINKS)
        return { what: `${path} is a loop of links`, remedy: `Remove one of them: ${shellWord(here)}` };
      if (target.startsWith('/')) done.length = 0;
      todo.unshift(...partsOf(target));
      continue;
    }
    const stat = await system.stat(here);
    if (stat === undefined) return await ended(system, path, here);
    const found = judge(here, stat);
    if (found !== undefined) return found;
    done.push(part);
  }
  return undefined;
}

/**
 * Whether others than root may read the file at `path`, in which a secret stands: undefined when not. By its own bits:
 * that a folder above it is closed may change without a look at what is in it. Undefined too where the owners are not
 * ours.
 */
export async function exposure(system: System, path: string): Promise<Distrust | undefined> {
  if (!system.live) return undefined;
  if (system.platform === 'windows') return exposureOnWindows(system, path);
  const { mode = 0, gid = 0 } = (await system.stat(path)) ?? {};
  const readers = [...(mode & 0o040 && gid !== 0 ? [`group ${gid}`] : []), ...(mode & 0o004 ? ['everybody'] : [])];
  if (readers.length === 0) return undefined;
  return { what: `stands in a file that ${readers.join(' and ')} may read`, remedy: `chmod go-r ${shellWord(path)}` };
}

/**
 * Throws a `UserError` when somebody but root could exchange the program that root is to run.
 *
 * @param argv how it is started: each word that is a path is looked at.
 * @param as goes on after "root must not run PATH": `as a service`.
 */
export async function assertOnlyRootCanChange(
  system: System,
  argv: readonly string[],
  { code, as }: { readonly code: string; readonly as: string },
): Promise<void> {
  for (const path of argv.filter((word) => isAbsolute(word, system.platform))) {
    const found = await distrust(system, path);
    if (found === undefined) continue;
    throw new UserError(code, `root must not run ${path} ${as}: ${found.what}`, {
      remedy: `${found.remedy}, or copy the program to ${SAFE[system.platform]}`,
    });
  }
}

/** On Windows with either slash, and on another machine, too; `/x` is an option there. */
const isAbsolute = (word: string, platform: Platform): boolean =>
  platform === 'windows' ? /^(?:[a-z]:[\\/]|[\\/]{2})/i.test(word) : posix.isAbsolute(word);

/** Where only administrators write. */
const SAFE: Readonly<Record<Platform, string>> = {
  linux: "a folder of root's, for example /opt/quiesced",
  windows: 'a folder of administrators, for example C:\\Program Files\\quiesced',
};

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '');

/** Nothing there is nothing to obey. But the links of /proc/PID/fd lead the kernel elsewhere than their text says. */
async function ended(system: System, path: string, here: string): Promise<Distrust | undefined> {
  if ((await system.stat(path)) === undefined) return undefined;
  return { what: `${path} cannot be followed to its end (${here})`, remedy: 'Give the real path of the file.' };
}

/**
 * The sticky bit doesn't help: whoever may create a file in a folder may have created this one. An ACL that lets
 * somebody write shows in the bits of the group, which are its mask: acl(5).
 */
function judge(path: string, { uid, mode }: FileStat): Distrust | undefined {
  const classes = [mode & 0o020 ? 'group' : '', mode & 0o002 ? 'others' : ''].filter((name) => name !== '');
  const what: string[] = [];
  const remedy: string[] = [];
  if (uid !== 0) {
    what.push(`belongs to uid ${uid}, not to root`);
    remedy.push(`chown root ${shellWord(path)}`);
  }
  if (classes.length > 0) {
    what.push(`is writable by ${classes.join(' and ')} (mode ${mode.toString(8).padStart(4, '0')})`);
    remedy.push(`chmod ${classes.map((name) => name[0]).join('')}-w ${shellWord(path)}`);
  }
  return what.length === 0 ? undefined : { what: `${path} ${what.join(' and ')}`, remedy: remedy.join(' && ') };
}
