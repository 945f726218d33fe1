import { win32 } from 'node:path';
import { readableLink } from './readable.ts';
import type { System } from './system.ts';

/** As many as on Linux; Windows itself follows 63. */
const MAX_LINKS = 40;

/**
 * Where an absolute path leads, with no link or junction in it, by backslashes. What does not exist, or is closed to us,
 * stays as it is written; so does what is below no letter of a disk, as a volume that is mounted in a folder, and a loop.
 */
export async function realPathOnWindows(system: System, path: string): Promise<string> {
  const written = win32.normalize(path);
  let todo = partsOnDisk(written);
  if (todo === undefined) return written;
  let here = '';
  let links = 0;
  for (let part = todo.shift(); part !== undefined; part = todo.shift()) {
    here = here === '' ? part : win32.join(here, part);
    const target = await readableLink(system, here);
    const leads = target === undefined ? undefined : partsOnDisk(win32.resolve(win32.dirname(here), target));
    if (leads === undefined) continue;
    links += 1;
    if (links > MAX_LINKS) return written;
    todo = [...leads, ...todo];
    here = '';
  }
  return here;
}

/** `C:\`, then each name; undefined for what is not below the letter of a disk. */
export function partsOnDisk(path: string): string[] | undefined {
  const { root } = win32.parse(win32.normalize(path));
  if (!/^[a-z]:\\$/i.test(root)) return undefined;
  const names = win32.normalize(path).slice(root.length).split('\\');
  return [root.toUpperCase(), ...names.filter((name) => name !== '')];
}
