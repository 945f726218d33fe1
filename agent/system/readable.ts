import { errnoOf } from '../errors.ts';
import type { System } from './system.ts';

/**
 * What a file could not be read for without that being a fault: no right (a check without root), a process that has
 * ended since its folder was listed (ESRCH), a pseudo file that has no answer on this machine (EINVAL, EIO, EOPNOTSUPP …).
 */
const UNREADABLE = ['EACCES', 'EPERM', 'ESRCH', 'EINVAL', 'EIO', 'EISDIR', 'ENODEV', 'ENXIO', 'EOPNOTSUPP', 'ENODATA'];

/** Text of a file; `undefined` when it is missing or closed to us. For evidence, where both mean "cannot tell". */
export const readableText = (system: System, path: string): Promise<string | undefined> =>
  orUndefined(() => system.readText(path));

/** Names in a folder; empty when it is missing or closed to us. */
export const readableList = async (system: System, path: string): Promise<readonly string[]> =>
  (await orUndefined(() => system.list(path))) ?? [];

/** Where a link points to; `undefined` when it is missing, none, or closed to us. */
export const readableLink = (system: System, path: string): Promise<string | undefined> =>
  orUndefined(() => system.readLink(path));

/** Whether something is there, as far as we may see. */
export const isThere = async (system: System, path: string): Promise<boolean> =>
  (await orUndefined(() => system.stat(path))) !== undefined;

export const anyThere = async (system: System, paths: readonly string[]): Promise<boolean> =>
  (await Promise.all(paths.map((path) => isThere(system, path)))).includes(true);

/** Time of the last change; `undefined` when the file is missing or closed to us. */
export const modifiedMs = async (system: System, path: string): Promise<number | undefined> =>
  (await orUndefined(() => system.stat(path)))?.modifiedMs;

async function orUndefined<T>(read: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (UNREADABLE.includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}
