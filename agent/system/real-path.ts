import { readableLink } from './readable.ts';
import { realPathOnWindows } from './real-path-windows.ts';
import type { System } from './system.ts';

/** As many as the kernel follows: path_resolution(7). */
const MAX_LINKS = 40;

/**
 * Where an absolute path leads, with no link in it: path_resolution(7). What does not exist, or is closed to us, stays
 * as it is written; so does a loop of links.
 */
export async function realPathOf(system: System, path: string): Promise<string> {
  if (system.platform === 'windows') return realPathOnWindows(system, path);
  const todo = partsOf(path);
  const done: string[] = [];
  let links = 0;
  for (let part = todo.shift(); part !== undefined; part = todo.shift()) {
    if (part === '..') done.pop();
    if (part === '.' || part === '..') continue;
    const target = await readableLink(system, `/${[...done, part].join('/')}`);
    if (target === undefined) {
      done.push(part);
      continue;
    }
    links += 1;
    if (links > MAX_LINKS) return path;
    if (target.startsWith('/')) done.length = 0;
    todo.unshift(...partsOf(target));
  }
  return `/${done.join('/')}`;
}

/** For several, each once. */
export const realPathsOf = async (system: System, paths: readonly string[]): Promise<readonly string[]> => [
  ...new Set(await Promise.all(paths.map((path) => realPathOf(system, path)))),
];

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '');
