import { type Command, type OwedScript, type Script, ScriptError } from './script.ts';

/** What of a record is understood, and what is not. */
export interface OwedRead {
  readonly owed: readonly OwedScript[];
  readonly problems: readonly ScriptError[];
}

/**
 * Reads back what was recorded, from JSON. Another version may have written it, or a disk that broke: an entry that is
 * not whole is told, and none of it is run.
 */
export function readOwed(data: unknown): OwedRead {
  if (data === undefined) return { owed: [], problems: [] };
  const owed: OwedScript[] = [];
  const problems: ScriptError[] = [];
  for (const entry of Array.isArray(data) ? data : [data]) {
    const read = readEntry(entry);
    if (read instanceof ScriptError) problems.push(read);
    else owed.push(read);
  }
  return { owed, problems };
}

function readEntry(entry: unknown): OwedScript | ScriptError {
  if (isRecord(entry) && typeof entry.runId === 'string' && isScript(entry.script)) {
    const { runId, script, mark } = entry;
    return { runId, script, ...(isMark(mark) ? { mark } : {}) };
  }
  const shown = (JSON.stringify(entry) ?? '').slice(0, 200);
  return new ScriptError(
    'script.owed-unreadable',
    `a post script is owed, but its record is not understood: ${shown}`,
    {
      stage: 'post',
      remedy: 'If an application is still held, run its post script by hand.',
    },
  );
}

/** Processes are ended by it: what is not exactly one of ours is as good as none. */
const isMark = (value: unknown): value is string =>
  typeof value === 'string' && /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(value);

const SOURCES: readonly unknown[] = [
  'azure',
  'config',
  'hook',
  'qemu-hook',
  'vmware-hook',
] satisfies readonly Script['source'][];

const isScript = (value: unknown): value is Script =>
  isRecord(value) &&
  SOURCES.includes(value.source) &&
  typeof value.name === 'string' &&
  (value.pre === undefined || isCommand(value.pre)) &&
  isCommand(value.post) &&
  [value.timeoutMs, value.preRetries, value.postRetries].every((number) => Number.isFinite(number)) &&
  typeof value.required === 'boolean';

const isCommand = (value: unknown): value is Command =>
  isRecord(value) &&
  typeof value.path === 'string' &&
  Array.isArray(value.args) &&
  value.args.every((arg) => typeof arg === 'string');

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
