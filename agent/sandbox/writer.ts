import { closeSync, fdatasyncSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import {
  isMainThread,
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  Worker,
  workerData,
} from 'node:worker_threads';
import { messageOf } from '../errors.ts';
import { lineSplitter } from '../system/capture.ts';
import { type ProbeFigures, WRITER_COMMANDS, type WriterCommand, type WriterLine } from './protocol.ts';
import { encodeRecord, JOURNAL_FILE, PROBE_FILE, RECORD_BYTES, RING_SLOTS, slotOf } from './record.ts';

const ROLES = ['application', 'probe'] as const;
type Role = (typeof ROLES)[number];

/** What a thread says: lines to pass on, and two words to the thread with the pipes. */
type ThreadLine = WriterLine | { readonly opened: Role } | { readonly stopped: Role; readonly writes: number };

const BATCH_RECORDS = 4;
const BATCH_PAUSE_MS = 10;
/** 24 MiB: then the application rests, as the images are small. At its pace that is after some minutes. */
const MOST_RECORDS = 48 * 1024;
const PROBE_PAUSE_MS = 0.3;
const STOP_WAIT_MS = 1000;

/**
 * The program that writes to a file system all the time while it is frozen: the sandbox's application, which appends
 * and acknowledges as a database does, and a probe, which measures how long a small write takes. Each has a thread
 * of its own, so that one blocked write does not block the other, and the thread with the pipes touches no file.
 *
 * `argv` is the folder to write to. Works from one bundled file: the threads are started from this process's own
 * entrance with the same arguments, and end up here again.
 */
export async function runWriter(argv: readonly string[]): Promise<void> {
  const [folder] = argv;
  if (folder === undefined) throw new Error('the sandbox writer needs a folder to write to');
  if (isMainThread || !parentPort) return holdPipes();
  if (workerData === 'application') runApplication(parentPort, folder);
  else runProbe(parentPort, folder);
}

/** The thread with the pipes. Never returns: it ends the process. */
function holdPipes(): Promise<void> {
  const writes: Partial<Record<Role, number>> = {};
  const opened = new Set<Role>();
  const hear = (line: ThreadLine): void => {
    if ('opened' in line) {
      if (opened.add(line.opened).size === ROLES.length) say({ ready: true });
    } else if ('stopped' in line) {
      writes[line.stopped] = line.writes;
      if (writes.application !== undefined && writes.probe !== undefined) {
        say({ answer: 'stop', records: writes.application, probes: writes.probe });
        process.exit(0);
      }
    } else say(line);
  };
  const threads = { application: startThread('application', hear), probe: startThread('probe', hear) };
  listen((command) => {
    for (const role of ROLES) if (isFor(command, role)) threads[role].postMessage(command);
    if (command === 'stop') setTimeout(endAtOnce, STOP_WAIT_MS);
  });
  return new Promise(() => undefined);
}

function startThread(role: Role, hear: (line: ThreadLine) => void): Worker {
  const [, entrance, ...args] = process.argv;
  const thread = new Worker(entrance as string, { argv: args, workerData: role });
  thread.on('message', hear);
  thread.on('error', (error) => {
    say({ failed: messageOf(error) });
    endAtOnce();
  });
  return thread;
}

function listen(tell: (command: WriterCommand) => void): void {
  // Ctrl-C reaches the whole process group; whoever started us ends us in order.
  process.on('SIGINT', () => undefined);
  // The reader is gone: the end of our input says so too.
  process.stdout.on('error', () => undefined);
  const lines = lineSplitter((line) => {
    const command = WRITER_COMMANDS.find((known) => known === line);
    if (command !== undefined) tell(command);
  });
  process.stdin.on('data', lines.add);
  process.stdin.on('end', () => tell('stop'));
}

/** A pipe, on which Node writes synchronously (process I/O in its manual): the line is out when this returns. */
const say = (line: WriterLine): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

/** Node would wait for a thread that is blocked in the kernel; SIGKILL lets go of everything that can be let go. */
const endAtOnce = (): void => {
  process.kill(process.pid, 'SIGKILL');
};

const isFor = (command: WriterCommand, role: Role): boolean => {
  if (command === 'stop') return true;
  return (command === 'mark' || command === 'probe') === (role === 'probe');
};

/** Appends numbered records in batches, and acknowledges a batch once fdatasync has returned. */
function runApplication(port: MessagePort, folder: string): void {
  const fd = openSync(join(folder, JOURNAL_FILE), 'a');
  let number = 0;
  let holds = 0;
  let session: string | undefined;
  send(port, { opened: 'application' });

  for (;;) {
    // Between batches only: what was begun is finished and acknowledged before a hold is granted.
    const command = nextCommand(port);
    if (command === 'hold') {
      holds += 1;
      session = `${process.pid}-${holds}`;
      send(port, { answer: 'hold', held: number, session });
    }
    if (command === 'verify') {
      send(port, { answer: 'verify', held: number, ...(session === undefined ? {} : { session }) });
    }
    if (command === 'release') {
      session = undefined;
      send(port, { answer: 'release', released: number });
    }
    if (command === 'stop') break;
    if (session === undefined && number < MOST_RECORDS) {
      number = appendBatch(fd, number);
      send(port, { acked: number, atNs: String(process.hrtime.bigint()) });
    }
    pause(BATCH_PAUSE_MS);
  }
  closeSync(fd);
  send(port, { stopped: 'application', writes: number });
}

/** One write(2) a record: a freeze waits for a write that is under way and lets no other begin. */
function appendBatch(fd: number, last: number): number {
  for (let number = last + 1; number <= last + BATCH_RECORDS; number += 1) {
    writeWhole(fd, encodeRecord({ kind: 'journal', number, beganNs: process.hrtime.bigint() }), undefined);
  }
  fdatasyncSync(fd);
  return last + BATCH_RECORDS;
}

/** Writes in place, into sectors that are allocated already, and remembers the write that took longest. */
function runProbe(port: MessagePort, folder: string): void {
  const fd = openSync(join(folder, PROBE_FILE), 'w');
  writeWhole(fd, Buffer.alloc(RING_SLOTS * RECORD_BYTES), 0);
  fsyncSync(fd);
  const sector = Buffer.alloc(RECORD_BYTES);
  let number = 0;
  let window = newWindow();
  send(port, { opened: 'probe' });

  for (;;) {
    const command = nextCommand(port);
    if (command === 'probe' || command === 'mark') send(port, { answer: command, ...figures(window, number) });
    if (command === 'mark') window = newWindow();
    if (command === 'stop') break;
    number += 1;
    const beganNs = process.hrtime.bigint();
    writeWhole(fd, encodeRecord({ kind: 'probe', number, beganNs }, sector), slotOf(number) * RECORD_BYTES);
    const tookNs = process.hrtime.bigint() - beganNs;
    window.writes += 1;
    if (tookNs > window.longestNs) Object.assign(window, { longestNs: tookNs, longestAtNs: beganNs });
    pause(PROBE_PAUSE_MS);
  }
  closeSync(fd);
  send(port, { stopped: 'probe', writes: number });
}

const newWindow = () => ({ writes: 0, longestNs: 0n, longestAtNs: 0n });

const figures = (window: ReturnType<typeof newWindow>, number: number): ProbeFigures => ({
  writes: window.writes,
  longestMs: Number(window.longestNs) / 1e6,
  longestAtNs: String(window.longestAtNs),
  number,
});

function writeWhole(fd: number, bytes: Buffer, position: number | undefined): void {
  const written = writeSync(fd, bytes, 0, bytes.length, position);
  if (written !== bytes.length) throw new Error(`only ${written} of ${bytes.length} bytes could be written`);
}

const send = (port: MessagePort, line: ThreadLine): void => port.postMessage(line);

const nextCommand = (port: MessagePort): WriterCommand | undefined => receiveMessageOnPort(port)?.message;

const pauseWord = new Int32Array(new SharedArrayBuffer(4));

/** Sleeps with this thread: timers are too coarse, and nothing else runs here. */
const pause = (ms: number): void => {
  Atomics.wait(pauseWord, 0, 0, ms);
};
