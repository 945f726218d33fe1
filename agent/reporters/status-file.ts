import { join } from 'node:path';
import { PATHS } from '../system/paths.ts';
import type { Platform } from '../system/system.ts';
import type { Reporter } from './reporter.ts';
import type { Status, StatusVerdict } from './status.ts';

export const statusPath = (platform: Platform): string => join(PATHS[platform].runtime, 'status.json');

/** For everybody to read, without asking us: `--health`, monitoring, a person with `cat`. */
export const statusFile: Reporter = {
  id: 'status-file',

  async report({ status }, { system }) {
    await system.makeDir(PATHS[system.platform].runtime, 0o755);
    await system.write(statusPath(system.platform), `${JSON.stringify(status, undefined, 2)}\n`, { mode: 0o644 });
  },
};

/** What such a file says. Throws when it cannot be understood. */
export function parseStatus(text: string): Status {
  const value: unknown = JSON.parse(text);
  if (!isStatus(value)) throw new Error('it is not of a form that this version knows');
  return value;
}

const VERDICTS: readonly StatusVerdict[] = ['pass', 'warn', 'error', 'fail'];

/** To the last part that anybody shows: a crash of `--health` would tell monitoring nothing. */
const isStatus = (value: unknown): value is Status => {
  const { schema, time, intervalMs, verdict, counts, problems, expected } = fieldsOf(value);
  return (
    schema === 1 &&
    typeof time === 'string' &&
    !Number.isNaN(Date.parse(time)) &&
    VERDICTS.some((known) => known === verdict) &&
    (intervalMs === undefined || typeof intervalMs === 'number') &&
    typeof fieldsOf(counts).pass === 'number' &&
    Array.isArray(problems) &&
    problems.every((problem) => areTexts(problem, ['id', 'verdict', 'title', 'detail'])) &&
    areTexts(expected, ['consistency', 'reason'])
  );
};

const areTexts = (value: unknown, keys: readonly string[]): boolean =>
  keys.every((key) => typeof fieldsOf(value)[key] === 'string');

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
