import type { LogEvent, LogLevel, LogSink } from '../log.ts';
import { openLibrary } from './native.ts';
import type { RegistryValue } from './registry.ts';

export const EVENT_SOURCE = 'quiesced';

const SOURCE_KEY = `HKLM\\SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\${EVENT_SOURCE}`;

/**
 * What makes Windows show our lines as they are. Texts come from a program that has them as resources; eventcreate.exe,
 * which is part of Windows, has one for each number up to 1000: the line itself.
 */
export const EVENT_SOURCE_VALUES: Readonly<Record<string, RegistryValue>> = {
  [`${SOURCE_KEY}\\EventMessageFile`]: { type: 'sz', data: 'C:\\Windows\\System32\\EventCreate.exe' },
  [`${SOURCE_KEY}\\TypesSupported`]: { type: 'dword', data: 7 },
};

/** By which people have a machine watch for something. Never changed once released; anything else is 1. */
export const EVENT_IDS: Readonly<Record<LogEvent, number>> = {
  'run-ended': 101,
  'thawed-by-deadline': 102,
  'readiness-worse': 103,
};
const OTHER_ID = 1;

/** winnt.h */
const TYPES: Readonly<Record<LogLevel, number>> = { error: 1, warn: 2, info: 4, debug: 4 };

/** The longest text that an event may hold, less room for what is put before it. */
const MOST_CHARS = 30_000;

/** The log of events, "Application": faults, and the few things that are watched for. Never throws. */
export function openEventLog(): LogSink {
  const { library } = openLibrary('advapi32.dll');
  const register = library.func('void *RegisterEventSourceW(str16 machine, str16 source)');
  const report = library.func(
    'int ReportEventW(void *log, uint16 type, uint16 category, uint32 id, void *user, uint16 texts, uint32 bytes, _In_ str16 *strings, void *raw)',
  );
  const log = register(null, EVENT_SOURCE);
  return (line, { level, fields }) => {
    const id = EVENT_IDS[fields.event as LogEvent];
    if (log === null || (id === undefined && level !== 'error' && level !== 'warn')) return;
    const text = line.slice(level.length).trimStart().slice(0, MOST_CHARS);
    report(log, TYPES[level], 0, id ?? OTHER_ID, null, 1, 0, [text], null);
  };
}
