import { join } from 'node:path';
import { PATHS } from '../system/paths.ts';
import type { Platform, System } from '../system/system.ts';
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

/** The last status, `undefined` where there is none. Throws when there is one and it cannot be understood. */
export async function readStatus(system: System): Promise<Status | undefined> {
  const path = statusPath(system.platform);
  const text = await system.readText(path);
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  if (!isStatus(value)) throw new Error(`${path} is not of a form that this version knows`);
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
