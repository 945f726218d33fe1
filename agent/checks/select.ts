import { matchesGlob } from '../config/glob.ts';
import type { Platform } from '../system/system.ts';
import type { Check, Group } from './check.ts';

/** Which checks are wanted. Patterns are ids in which `*` and `?` stand for any characters: `fs.*`. */
export interface Choice {
  /** Nothing here means all. */
  readonly only: readonly string[];
  readonly skip: readonly string[];
  /** Nothing here means all. */
  readonly groups: readonly Group[];
}

export const EVERY_CHECK: Choice = { only: [], skip: [], groups: [] };

/** Those that there are on a platform, in the order of the list. */
export const checksOn = (platform: Platform, checks: readonly Check[]): readonly Check[] =>
  checks.filter(({ platforms }) => platforms === undefined || platforms.includes(platform));

/** What is left to run; `skip` wins over the other two. */
export const choose = (checks: readonly Check[], { only, skip, groups }: Choice): readonly Check[] =>
  checks
    .filter(({ id }) => only.length === 0 || matchesAny(id, only))
    .filter(({ group, alsoIn = [] }) => groups.length === 0 || [group, ...alsoIn].some((own) => groups.includes(own)))
    .filter(({ id }) => !matchesAny(id, skip));

/** Patterns that mean no check at all: a misspelt one must not pass for "nothing found". */
export const unmatched = (patterns: readonly string[], checks: readonly Check[]): readonly string[] =>
  patterns.filter((pattern) => !checks.some(({ id }) => matchesAny(id, [pattern])));

const matchesAny = (id: string, patterns: readonly string[]): boolean =>
  patterns.some((pattern) => matchesGlob(pattern, id));
