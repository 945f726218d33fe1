import { REDACTED, redact } from './redact.ts';

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One line per event: `level  message  key=value …`. Never holds a secret: every line passes `redact`. */
export interface Log {
  error(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  debug(message: string, fields?: Fields): void;
  /**
   * Keeps lines in memory until `resume`. Called before the first FIFREEZE: the file, terminal or pipe that lines go
   * to may end on a frozen file system, and a write there blocks this thread for as long as the freeze lasts.
   */
  pause(): void;
  resume(): void;
}

export type Fields = Readonly<Record<string, string | number | boolean | undefined>> & {
  readonly event?: LogEvent;
};

/** The few things that people have a machine watch for, by the field `event`. Never renamed once released. */
export type LogEvent = 'run-ended' | 'thawed-by-deadline' | 'readiness-worse';

/** One event for who keeps its parts apart, without secrets like the line. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** Where lines go: as text, or in parts. Must not throw. */
export type LogSink = (line: string, entry: LogEntry) => void;

/** Lines beyond this many are counted, not kept: a frozen agent must not grow. */
const KEPT_LINES = 1000;

export function createLog(level: LogLevel, write: LogSink): Log {
  const kept: LogEntry[] = [];
  const tell = (entry: LogEntry) => write(format(entry), entry);
  let paused = false;
  let lost = 0;

  const emit = (lineLevel: LogLevel) => (message: string, fields?: Fields) => {
    if (LOG_LEVELS.indexOf(lineLevel) > LOG_LEVELS.indexOf(level)) return;
    const entry = entryOf(lineLevel, message, fields);
    if (!paused) return tell(entry);
    if (kept.length < KEPT_LINES) kept.push(entry);
    else lost += 1;
  };

  return {
    error: emit('error'),
    warn: emit('warn'),
    info: emit('info'),
    debug: emit('debug'),
    pause: () => {
      paused = true;
    },
    resume: () => {
      paused = false;
      for (const entry of kept.splice(0)) tell(entry);
      if (lost > 0) tell(entryOf('warn', `${lost} log lines were dropped while file systems were frozen`));
      lost = 0;
    },
  };
}

export const silentLog: Log = createLog('error', () => undefined);

const entryOf = (level: LogLevel, message: string, fields: Fields = {}): LogEntry => {
  const told = Object.entries(fields).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, withoutSecret(key, String(value))] as const],
  );
  return { level, message: redact(message), fields: Object.fromEntries(told) };
};

/** Of a key that says that it is secret nothing is left; elsewhere what looks like a secret goes. */
const withoutSecret = (key: string, value: string): string =>
  redact(`${key}=x`) === `${key}=x` ? redact(value) : REDACTED;

/** Once more as a whole: what is harmless alone may be half of a secret in a line. */
const format = ({ level, message, fields }: LogEntry): string =>
  redact(
    [level.padEnd(5), oneLine(message), ...Object.entries(fields).map(([key, value]) => `${key}=${quote(value)}`)].join(
      ' ',
    ),
  );

const oneLine = (text: string): string => text.replace(/[\r\n]+/g, ' ⏎ ');
const quote = (value: string): string => (/^[\w./:@%+-]+$/.test(value) ? value : JSON.stringify(value));
