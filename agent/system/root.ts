import { lstatSync, readlinkSync } from 'node:fs';
import { isAbsolute, join, sep } from 'node:path';
import { errnoOf } from '../errors.ts';

/** As many as the kernel follows: path_resolution(7). */
const MAX_LINKS = 40;

/**
 * The real path of `path` inside `root`, as openat2(2) with RESOLVE_IN_ROOT would find it: links are followed, an
 * absolute one starts again at `root`, and `..` stops there. What does not exist is appended as it stands.
 */
export function resolveInRoot(root: string, path: string): string {
  if (root === '/') return path;
  const todo = path.split(sep).filter((part) => part !== '');
  const done: string[] = [];
  let links = 0;
  while (todo.length > 0) {
    const part = todo.shift() as string;
    if (part === '.') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    const target = linkTarget(join(root, ...done, part));
    if (target === undefined) {
      done.push(part);
      continue;
    }
    links += 1;
    if (links > MAX_LINKS) throw tooManyLinks(path);
    if (isAbsolute(target)) done.length = 0;
    todo.unshift(...target.split(sep).filter((piece) => piece !== ''));
  }
  return join(root, ...done);
}

/** As the kernel would say it. */
const tooManyLinks = (path: string): Error =>
  Object.assign(new Error(`too many levels of symbolic links: ${path}`), { code: 'ELOOP' });

function linkTarget(path: string): string | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}
