import { setTimeout as sleep } from 'node:timers/promises';
import type { LogEntry, LogEvent, LogLevel, LogSink } from '../log.ts';
import { type DatagramSender, openDatagram } from './datagram.ts';
import { openEventLog } from './event-log-windows.ts';
import { openLogFile } from './log-file.ts';
import { EAGAIN, EMSGSIZE, ENOBUFS, type Errno } from './native.ts';
import type { System } from './system.ts';

const SOCKET = '/run/systemd/journal/socket';
const IDENTIFIER = 'quiesced';

/** For `journalctl MESSAGE_ID=…`: systemd.journal-fields(7). Never changed once released. */
export const MESSAGE_IDS: Readonly<Record<LogEvent, string>> = {
  'run-ended': '10ab80f1fe4d47f1b26e410954e0e01c',
  'thawed-by-deadline': '6301b59836e94510b877654602429013',
  'readiness-worse': '1eb662d3efaa45ab93e8691b179165bc',
};

/** syslog(3) */
const PRIORITY: Readonly<Record<LogLevel, number>> = { error: 3, warn: 4, info: 6, debug: 7 };

/** Lines that journald has no room for: its own files may lie on what somebody has frozen. */
const KEPT_LINES = 1000;
/** Soon while it goes on taking some, ever more rarely while it takes none. */
const RETRY_MS = { first: 5, most: 500 };
/** A process that ends waits this long for journald to take its last lines. */
const LAST_LINES_MS = 2000;

export interface ServiceLog {
  readonly sink: LogSink;
  /** Before the process ends: settles when no line waits any more, or after 2 s. Never throws. */
  drained(): Promise<void>;
}

/** Longer values are cut, more and more, until the kernel takes the datagram. */
const MOST_BYTES = 32 * 1024;
const LEAST_BYTES = 256;

/**
 * Where the log of a service goes: to journald in its native protocol, with each field as `QUIESCED_<NAME>`; without
 * one to a file, and what neither takes to `stderr`. Never throws and never waits for journald: what it has no room
 * for is kept for a while, and counted once that is too much.
 */
export async function openServiceLog(system: System, stderr: (text: string) => void): Promise<ServiceLog> {
  if (system.platform === 'windows') return windowsLog(system, stderr);
  if ((await system.stat(SOCKET))?.kind !== 'socket') {
    return { sink: await openLogFile(system, stderr), drained: async () => undefined };
  }
  const socket = await openDatagram(system.resolve(SOCKET));
  return journalLog(socket, (line) => stderr(`${line}\n`));
}

/** All to the file, and what somebody should see to the log of events. */
async function windowsLog(system: System, stderr: (text: string) => void): Promise<ServiceLog> {
  const [file, events] = [await openLogFile(system, stderr), openEventLog()];
  return {
    sink: (line, entry) => {
      file(line, entry);
      events(line, entry);
    },
    drained: async () => undefined,
  };
}

function journalLog(socket: DatagramSender, otherwise: LogSink): ServiceLog {
  const waiting: { readonly line: string; readonly entry: LogEntry }[] = [];
  let lost = 0;
  let retry: NodeJS.Timeout | undefined;
  let retryMs = RETRY_MS.first;
  const sendAll = () => {
    retry = undefined;
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      const errno = sendFitting(socket, next.line, next.entry);
      if (errno === EAGAIN) {
        retry = setTimeout(sendAll, retryMs).unref();
        retryMs = Math.min(2 * retryMs, RETRY_MS.most);
        return;
      }
      retryMs = RETRY_MS.first;
      if (errno !== 0) otherwise(next.line, next.entry);
      waiting.shift();
      if (waiting.length > 0 || lost === 0) continue;
      waiting.push(lostLines(lost));
      lost = 0;
    }
  };
  return {
    sink: (line, entry) => {
      if (waiting.length < KEPT_LINES) waiting.push({ line, entry });
      else lost += 1;
      if (retry === undefined) sendAll();
    },
    drained: async () => {
      const endMs = performance.now() + LAST_LINES_MS;
      while (waiting.length > 0 && performance.now() < endMs) await sleep(RETRY_MS.first);
    },
  };
}

const lostLines = (count: number): { readonly line: string; readonly entry: LogEntry } => {
  const message = `${count} log lines were dropped because journald did not take them`;
  return { line: `warn  ${message}`, entry: { level: 'warn', message, fields: {} } };
};

function sendFitting(socket: DatagramSender, line: string, entry: LogEntry): Errno {
  let errno: Errno = EMSGSIZE;
  for (let most = MOST_BYTES; most >= LEAST_BYTES && (errno === EMSGSIZE || errno === ENOBUFS); most /= 2) {
    errno = socket.send(encodeEntry(line, entry, most));
  }
  return errno;
}

/**
 * One datagram of the journal's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): `NAME=value`, or where the value
 * has line breaks `NAME`, its length in 8 bytes, and the value.
 *
 * @param line as it would stand in a file; less its level it is the message.
 * @param mostBytes of each value.
 */
export function encodeEntry(line: string, { level, fields }: LogEntry, mostBytes = MOST_BYTES): Buffer {
  const id = MESSAGE_IDS[fields.event as LogEvent];
  const told: readonly (readonly [string, string])[] = [
    ['MESSAGE', line.slice(level.length).trimStart()],
    ['PRIORITY', String(PRIORITY[level])],
    ['SYSLOG_IDENTIFIER', IDENTIFIER],
    ...(id === undefined ? [] : [['MESSAGE_ID', id] as const]),
    ...Object.entries(fields).map(([name, value]) => [fieldName(name), value] as const),
  ];
  return Buffer.concat(told.flatMap(([name, value]) => encodeField(name, shortened(value, mostBytes))));
}

function encodeField(name: string, value: Buffer): readonly Buffer[] {
  if (!value.includes('\n')) return [Buffer.from(`${name}=`), value, LINE_END];
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(value.length));
  return [Buffer.from(`${name}\n`), length, value, LINE_END];
}

const LINE_END = Buffer.from('\n');

/** `mountPoint` becomes `QUIESCED_MOUNT_POINT`; a name may have 64 characters. */
const fieldName = (name: string): string =>
  `QUIESCED_${name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replace(/[^a-zA-Z0-9]/g, '_')}`.toUpperCase().slice(0, 64);

const CUT = Buffer.from('…');

/** Never in the middle of a character. */
function shortened(value: string, mostBytes: number): Buffer {
  const bytes = Buffer.from(value);
  if (bytes.length <= mostBytes) return bytes;
  let end = mostBytes - CUT.length;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return Buffer.concat([bytes.subarray(0, end), CUT]);
}
