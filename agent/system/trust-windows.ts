import { win32 } from 'node:path';
import { messageOf } from '../errors.ts';
import { partsOnDisk, realPathOnWindows } from './real-path-windows.ts';
import { type AccessEntry, parseSecurity, type Security } from './security-descriptor.ts';
import type { System } from './system.ts';
import type { Distrust } from './trust.ts';

/** LocalSystem, the group of administrators, and Windows' own installer, to whom the files of the system belong. */
const TRUSTED: readonly string[] = [
  'S-1-5-18',
  'S-1-5-32-544',
  'S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464',
  // Stands for the owner, whoever he is: he is looked at for himself.
  'S-1-3-4',
];

/** winnt.h. Who may set the list, or become the owner, may do everything. */
const CHANGE_ALL = 0x0001_0000 | 0x0004_0000 | 0x0008_0000 | 0x1000_0000;
const DELETE_CHILD = 0x40;
const WRITE_EA = 0x10;
/** Data, what is appended, and the generic right that both come from. */
const WRITE = 0x2 | 0x4 | 0x4000_0000;

/** Data, and the generic right that it comes from. */
const READ = 0x1 | 0x8000_0000;

/**
 * `file`: what is obeyed. `folder`: where it stands, in which nobody else may put anything. `above`: from where it could
 * be exchanged as a whole; that everybody may make folders in the root of a disk does no harm.
 */
export type Place = 'file' | 'folder' | 'above';

const DANGEROUS: Readonly<Record<Place, number>> = {
  // It may be a folder that is obeyed as a whole.
  file: CHANGE_ALL | WRITE | WRITE_EA | DELETE_CHILD,
  folder: CHANGE_ALL | WRITE | DELETE_CHILD,
  above: CHANGE_ALL | DELETE_CHILD,
};

const MAX_LINKS = 40;

/** `distrust` on Windows: see there. What belongs to another machine is never trusted. */
export async function distrustOnWindows(system: System, path: string): Promise<Distrust | undefined> {
  if (system.securityOf === undefined) return undefined;
  const elsewhere = { what: `${path} is on no disk of this machine`, remedy: 'Put it on one, and name it from there.' };
  let todo = partsOnDisk(path);
  if (todo === undefined) return elsewhere;
  let here = '';
  let links = 0;
  for (let part = todo.shift(); part !== undefined; part = todo.shift()) {
    here = here === '' ? part : win32.join(here, part);
    const target = await system.readLink(here);
    if (target !== undefined) {
      links += 1;
      const leads = partsOnDisk(win32.resolve(win32.dirname(here), target));
      if (leads === undefined || links > MAX_LINKS)
        return { what: `${here} is a link that cannot be followed`, remedy: 'Give the real path of the file.' };
      todo = [...leads, ...todo];
      here = '';
      continue;
    }
    const place = todo.length === 0 ? 'file' : todo.length === 1 ? 'folder' : 'above';
    const found = await judgedAt(system, here, place);
    if (found === 'missing') return undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `exposure` on Windows: see there. */
export async function exposureOnWindows(system: System, path: string): Promise<Distrust | undefined> {
  const real = await realPathOnWindows(system, path);
  const bytes = await system.securityOf?.(real);
  if (bytes === undefined) return undefined;
  const security = parseSecurity(Buffer.from(bytes));
  const readers =
    security === undefined ? ['who knows whom'] : readersOf(security, (who) => isTrusted(who, system.env));
  if (readers.length === 0) return undefined;
  return { what: `stands in a file that ${readers.join(' and ')} may read`, remedy: mend(real, 'file') };
}

/** Who may read what has such a list, or give himself the right to; without one it is everybody. A pure function. */
export function readersOf({ owner, entries }: Security, trusted: (who: string) => boolean): readonly string[] {
  if (entries === undefined) return ['everybody'];
  const mayRead = ({ kind, inheritOnly, rights, who }: AccessEntry) =>
    kind === 'other' || (kind === 'allow' && !inheritOnly && (rights & (READ | CHANGE_ALL)) !== 0 && !trusted(who));
  const owners = owner === undefined || trusted(owner) ? [] : [owner];
  return [...new Set([...owners, ...entries.filter(mayRead).map(({ who }) => who)].map(nameOf))];
}

async function judgedAt(system: System, path: string, place: Place): Promise<Distrust | 'missing' | undefined> {
  let bytes: Uint8Array | undefined;
  try {
    bytes = await system.securityOf?.(path);
  } catch (error) {
    return { what: messageOf(error), remedy: `Run it as an administrator, or look at: icacls "${path}"` };
  }
  if (bytes === undefined) return 'missing';
  const security = parseSecurity(Buffer.from(bytes));
  if (security === undefined) return { what: `who may change ${path} is not understood`, remedy: mend(path, place) };
  const what = whyDistrusted(security, place, (who) => isTrusted(who, system.env));
  return what === undefined ? undefined : { what: `${path} ${what}`, remedy: mend(path, place) };
}

/** Why what stands at such a place must not be obeyed; undefined when it may be. A pure function. */
export function whyDistrusted(
  { owner, entries }: Security,
  place: Place,
  trusted: (who: string) => boolean,
): string | undefined {
  if (owner === undefined || !trusted(owner))
    return `belongs to ${owner ?? 'nobody'}, not to Administrators, SYSTEM or TrustedInstaller`;
  if (entries === undefined) return 'may be changed by everybody: it has no list of access';
  const isDangerous = ({ kind, inheritOnly, rights, who }: AccessEntry) =>
    kind === 'other' || (kind === 'allow' && !inheritOnly && (rights & DANGEROUS[place]) !== 0 && !trusted(who));
  const others = [...new Set(entries.filter(isDangerous).map(({ who }) => nameOf(who)))];
  return others.length === 0 ? undefined : `may be changed by ${others.join(' and ')}`;
}

/** In a test also whom Wine runs everything as: it knows no administrators. */
export const isTrusted = (who: string, env: System['env']): boolean =>
  TRUSTED.includes(who) ||
  (env.QUIESCED_TEST === '1' && (env.QUIESCED_TEST_ADMINISTRATORS ?? '').split(',').includes(who));

/** The names that everybody knows them by, in English; of others the number, which icacls takes too. */
const nameOf = (who: string): string => NAMES[who] ?? (who === '' ? 'an entry of unknown kind' : who);
const NAMES: Readonly<Record<string, string>> = {
  'S-1-1-0': 'Everyone',
  'S-1-5-11': 'Authenticated Users',
  'S-1-5-32-545': 'Users',
  'S-1-5-4': 'INTERACTIVE',
  'S-1-3-0': 'CREATOR OWNER',
};

/**
 * By numbers, since the names of groups are in the language of the system. What is further up serves others too, and is
 * not to be closed to them.
 */
function mend(path: string, place: Place): string {
  if (place === 'above') return 'Move it below a folder that only administrators may change: C:\\Program Files';
  const inherit = place === 'file' ? '' : '(OI)(CI)';
  const groups = ['*S-1-5-18', '*S-1-5-32-544'].map((who) => `"${who}:${inherit}F"`).join(' ');
  return `icacls "${path}" /setowner *S-1-5-32-544 && icacls "${path}" /inheritance:r /grant:r ${groups}`;
}
