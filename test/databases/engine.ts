import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { must } from '../system/loop.ts';

/** Where one instance lives. */
export interface Places {
  readonly data: string;
  /** The write-ahead log, on a file system of its own; undefined where there is none. */
  readonly log: string | undefined;
  /** Socket, and what the server says; on nothing that is frozen. */
  readonly run: string;
}

/** A private instance that runs. */
export interface Server {
  readonly pid: number;
  /** A session of its own that adds one row after the other. */
  writer(): Promise<Writer>;
  /** All rows, in no order. */
  rows(): Promise<readonly number[]>;
  /** The server's own check of its files; throws what it finds. */
  check(): Promise<void>;
  stop(): Promise<void>;
}

export interface Writer {
  /** Resolves when it is acknowledged. */
  add(row: number): Promise<void>;
  close(): Promise<void>;
}

/** A database as the tests run it. */
export interface Engine {
  readonly name: string;
  /** The section of quiesced.conf that holds it. */
  readonly kind: string;
  readonly blocks: 'writes' | 'commits' | 'nothing';
  readonly fileSystems: 1 | 2;
  /** Why it cannot be tested here; false when it can. */
  missing(): string | false;
  /** Starts an instance, and makes it where there is none yet. */
  start(places: Places): Promise<Server>;
  /** Keys of its section. */
  config(places: Places): string;
  /** Files of a copy name places of the original: what has to be mended before a start. */
  adopt?(places: Places): void;
}

export const absent = (...programs: readonly string[]): string | false => {
  const gone = programs.filter((path) => !existsSync(path));
  return gone.length > 0 && `not installed: ${gone.join(', ')} (CI=1 sh test/databases/setup.sh)`;
};

/** Folders that belong to the user of the server. */
export async function own(user: string, ...folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    mkdirSync(folder, { recursive: true });
    await must('chown', user, folder);
    await must('chmod', '0750', folder);
  }
}

export const AS = (user: string): readonly string[] => [
  'setpriv',
  `--reuid=${user}`,
  `--regid=${user}`,
  '--init-groups',
  '--',
];

const START_MS = 180_000;
/** One that is ended before it is done has not archived its log, or keeps its file systems busy by those it leaves. */
const STOP_MS = 120_000;

/** Starts a server in the foreground and waits until it answers. */
export async function startProcess(argv: readonly string[], answers: () => Promise<boolean>) {
  const [file = '', ...args] = argv;
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: '/',
    env: { PATH: process.env.PATH, LANG: 'C.UTF-8' },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(-4000);
    });
  }
  const untilMs = performance.now() + START_MS;
  while (!(await answers().catch(() => false))) {
    if (child.exitCode !== null || performance.now() > untilMs) {
      child.kill('SIGKILL');
      throw new Error(`${file} does not start: ${said}`);
    }
    await sleep(50);
  }
  return { pid: child.pid ?? -1, stop: (signal: NodeJS.Signals) => stop(child, signal) };
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(late);
}
