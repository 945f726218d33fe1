import { win32 } from 'node:path';
import type { System } from './system.ts';

/** A program of Windows itself by its path, and not the first of that name in PATH. */
export const system32Program = ({ env }: Pick<System, 'env'>, name: string): string =>
  win32.join(env.SystemRoot ?? 'C:\\Windows', 'System32', name);
