import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/** A fault point as it stands in the sources, which are the only list of them. */
export interface FaultPoint {
  readonly name: string;
  readonly file: string;
  /** From 0. */
  readonly line: number;
}

/** The lines of a source without its comments, so that neither points nor effects are found in words about them. */
export const linesOf = (file: string): readonly string[] =>
  readFileSync(join(ROOT, file), 'utf8')
    .replaceAll(/\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, ''))
    .split('\n')
    .map((line) => line.replace(/(^|\s)\/\/.*/, ''));

export const sources = (...patterns: readonly string[]): readonly string[] =>
  globSync([...patterns], { cwd: ROOT }).sort();

export const faultPointsIn = (file: string): readonly FaultPoint[] =>
  linesOf(file).flatMap((text, line) =>
    [...text.matchAll(/\bfaultPoint(?:Sync)?\('([^']+)'\)/g)].map(([, name = '']) => ({ name, file, line })),
  );

/** In the order of the sources, each once. */
export const allFaultPoints = (): readonly FaultPoint[] =>
  sources('agent/**/*.ts', 'extensions/**/*.ts').flatMap(faultPointsIn);
