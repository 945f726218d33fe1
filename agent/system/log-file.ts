import { appendFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { LogSink } from '../log.ts';
import { PATHS } from './paths.ts';
import type { System } from './system.ts';
import { orUndefinedAfter } from './waits.ts';

/** Then it becomes `quiesced.log.1`, in the place of the one before. */
const MOST_BYTES = 10 * 1024 * 1024;
/** On what is frozen, to make even a folder that is there waits for the thaw; and that may be ours to do. */
const FOLDER_MS = 1000;

/**
 * `quiesced.log` for machines without journald, or in another folder: each line with its time. What cannot be written
 * (read-only, full, frozen when this was called) goes to `stderr` instead. Opened anew for each line, so that it may be
 * moved away at any time.
 */
export async function openLogFile(
  system: System,
  stderr: (text: string) => void,
  folder = PATHS[system.platform].log,
): Promise<LogSink> {
  let made = false;
  const making = system.makeDir(folder, 0o750).then(
    () => {
      made = true;
    },
    () => undefined,
  );
  await orUndefinedAfter(FOLDER_MS, making);
  const path = system.resolve(join(folder, 'quiesced.log'));
  return (line) => {
    const text = `${system.clock.now().toISOString()} ${line}\n`;
    if (!made || !appended(path, text)) stderr(text);
  };
}

function appended(path: string, text: string): boolean {
  try {
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > MOST_BYTES) renameSync(path, `${path}.1`);
    appendFileSync(path, text, { mode: 0o640 });
    return true;
  } catch {
    return false;
  }
}
