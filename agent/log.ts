import { redact } from './redact.ts';

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

export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Lines beyond this many are counted, not kept: a frozen agent must not grow. */
const KEPT_LINES = 1000;

export function createLog(level: LogLevel, write: (line: string) => void): Log {
  const kept: string[] = [];
  let paused = false;
  let lost = 0;

  const emit = (lineLevel: LogLevel) => (message: string, fields?: Fields) => {
    if (LOG_LEVELS.indexOf(lineLevel) > LOG_LEVELS.indexOf(level)) return;
    const line = format(lineLevel, message, fields);
    if (!paused) return write(line);
    if (kept.length < KEPT_LINES) kept.push(line);
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
      for (const line of kept.splice(0)) write(line);
      if (lost > 0) write(format('warn', `${lost} log lines were dropped while file systems were frozen`));
      lost = 0;
    },
  };
}

export const silentLog: Log = createLog('error', () => undefined);

const format = (level: LogLevel, message: string, fields: Fields = {}): string => {
  const pairs = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${quote(String(value))}`);
  return redact([level.padEnd(5), oneLine(message), ...pairs].join(' '));
};

const oneLine = (text: string): string => text.replace(/[\r\n]+/g, ' ⏎ ');
const quote = (value: string): string => (/^[\w./:@%+-]+$/.test(value) ? value : JSON.stringify(value));
