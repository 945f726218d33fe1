import { allChecks } from '../checks/all.ts';
import { type Check, GROUPS, type Group } from '../checks/check.ts';
import { checksOn, choose, unmatched } from '../checks/select.ts';
import { nearest } from '../config/nearest.ts';
import { usageError } from '../errors.ts';
import type { Platform } from '../system/system.ts';
import type { Given } from './flags.ts';

/** The checks that the command line asks for. */
export interface ChosenChecks {
  readonly checks: readonly Check[];
  /** All that there are on this platform. */
  readonly all: boolean;
}

/** By `--only`, `--skip` and `--group`. Throws a usage error for a word that means nothing, and when nothing is left. */
export function chosenChecks(
  values: Given['values'],
  platform: Platform,
  every: readonly Check[] = allChecks,
): ChosenChecks {
  const here = checksOn(platform, every);
  const [only, skip] = [listOf(values, 'only'), listOf(values, 'skip')];
  // What exists on another platform is left out here without being wrong.
  for (const pattern of unmatched([...only, ...skip], every)) throw unknown('check', pattern, idsOf(every));
  const checks = choose(here, { only, skip, groups: groupsOf(values) });
  if (checks.length === 0) throw usageError('these flags leave no check to run', 'check');
  return { checks, all: checks.length === here.length };
}

function groupsOf(values: Given['values']): readonly Group[] {
  const groups = listOf(values, 'group');
  const isGroup = (name: string): name is Group => Object.hasOwn(GROUPS, name);
  for (const name of groups) if (!isGroup(name)) throw unknown('group', name, Object.keys(GROUPS));
  return groups.filter(isGroup);
}

const listOf = (values: Given['values'], flag: string): readonly string[] =>
  (values.get(flag) ?? []).flatMap((value) => value.split(',').map((item) => item.trim()));

const idsOf = (checks: readonly Check[]): readonly string[] => checks.map(({ id }) => id);

function unknown(what: string, word: string, known: readonly string[]): Error {
  const near = nearest(word, known);
  return usageError(
    `there is no ${what} ${JSON.stringify(word)}${near === undefined ? '' : `; did you mean ${near}?`}`,
    'check',
  );
}
