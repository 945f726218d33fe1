import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { ROOT, read } from './repository.ts';

/** What is new for those who run a machine, a text for each change, from `changes/`. */
export const changeNotes = (): readonly string[] => noteFiles().map((file) => read(file).trim());

/** Where they stand, by name. */
export const noteFiles = (): readonly string[] =>
  globSync('changes/*.md', { cwd: ROOT })
    .filter((file) => basename(file) !== 'README.md')
    .sort();
