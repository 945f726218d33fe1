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

const isStatus = (value: unknown): value is Status => {
  const { schema, time, verdict, counts, problems, expected } = (value ?? {}) as Partial<Record<keyof Status, unknown>>;
  return (
    schema === 1 &&
    typeof time === 'string' &&
    !Number.isNaN(Date.parse(time)) &&
    VERDICTS.some((known) => known === verdict) &&
    typeof counts === 'object' &&
    Array.isArray(problems) &&
    typeof expected === 'object'
  );
};
