import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The tree of sources that packages are made from. */
export const ROOT = join(import.meta.dirname, '..');

export const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

export const versionOf = (): string => JSON.parse(read('package.json')).version;

/**
 * The time that everything in a package bears, in seconds: the same sources make the same bytes, whenever and wherever.
 * reproducible-builds.org/specs/source-date-epoch; without it, that of the last commit.
 */
export function sourceDate(env: NodeJS.ProcessEnv = process.env): number {
  const given =
    env.SOURCE_DATE_EPOCH ?? execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: ROOT, encoding: 'utf8' });
  if (!/^\d+\s*$/.test(given)) throw new Error(`SOURCE_DATE_EPOCH is not a number of seconds: ${given}`);
  return Number(given);
}
