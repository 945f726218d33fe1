import { win32 } from 'node:path';
import type { System } from './system.ts';

/**
 * A program of Windows itself by its path. By its name alone, the root of the disk that the caller is on comes before PATH,
 * and on disks of data everybody may put programs there.
 */
export const system32Program = ({ env }: Pick<System, 'env'>, name: string): string =>
  win32.join(env.SystemRoot ?? 'C:\\Windows', 'System32', name);
