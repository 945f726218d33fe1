import { type Check, GROUPS } from '../checks/check.ts';

/** What `check --list` says: the ids for `--only` and `--skip`, by group. */
export function renderChecks(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ id }) => id.length));
  return Object.entries(GROUPS)
    .flatMap(([group, title]) => {
      const own = checks.filter((check) => check.group === group);
      if (own.length === 0) return [];
      return [`${title} (${group})`, ...own.map((check) => `  ${check.id.padEnd(width)}  ${check.title}`), ''];
    })
    .map((line) => `${line}\n`)
    .join('');
}

/** The same for programs. */
export const checksJson = (checks: readonly Check[]): string => {
  const listed = checks.map(({ id, group, title }) => ({ id, group, title }));
  return `${JSON.stringify({ schema: 1, checks: listed }, undefined, 2)}\n`;
};
