import { join } from 'node:path';

/** For NODE_COMPILE_CACHE: a start of the program takes a third of the time, and there are hundreds. */
export const COMPILED = join(import.meta.dirname, '../.tap/compiled');
