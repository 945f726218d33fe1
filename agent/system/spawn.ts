import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { errnoOf } from '../errors.ts';
import { createCapture, lineSplitter } from './capture.ts';
import { type Cgroup, createCgroup } from './cgroup.ts';
import { cmdCannotTake, windowsCommand, windowsProgram } from './command-line-windows.ts';
import { endKin, hasGroup, MARK_VARIABLE, startOf } from './kin.ts';
import { CLEAN_ENV } from './run.ts';
import type { System } from './system.ts';
import { system32Program } from './system32.ts';
import { hearing } from './waits.ts';
import { type Connected, openWires } from './wires.ts';

/** A program that ended may have left children that hold its output open: theirs is not waited for any longer. */
const LAST_OUTPUT_MS = 200;

const TASKKILL_MS = 1000;

/**
 * Enters the control group, then becomes the program: so it cannot start anybody before. Every value is an argument,
 * none is part of the text, and where the group refuses, the program runs without. Our own protection from the
 * kernel's out-of-memory killer (`OOMScoreAdjust=` of the unit) is not for what others wrote.
 */
const BECOME = `procs=$1; shift
{ echo $$ >"$procs"
  read -r score </proc/self/oom_score_adj
  [ "$score" -ge 0 ] || echo 0 >/proc/self/oom_score_adj
} 2>/dev/null
exec "$@"`;

/**
 * A running program that we can get rid of, with all it started: for scripts, and for programs that are talked to
 * while the file systems are frozen. For a plain "run this and give me the answer" there is `System.run`.
 *
 * It has a session and process group of its own, a clean environment (PATH, LANG, what the caller adds and the mark
 * `QUIESCED_RUN`), `/` as working folder, /dev/null or a pipe as input, and a control group where there are any.
 */
export interface Program {
  /** Undefined when it could not be started. */
  readonly pid: number | undefined;
  /** When the program itself has ended, whatever its children do. Never rejects; a program may never end. */
  readonly ended: Promise<ProgramEnd>;
  /** What came until the end on both outputs: the first and the last 32 KiB. Not redacted. */
  output(): string;
  /** Needs `input: 'lines'`. A line for a program that has gone is lost: `ended` tells. */
  writeLine(line: string): void;
  /** The end of its input. */
  endInput(): void;
  /**
   * Ends the program and all its kin: SIGTERM, and SIGKILL after `graceMs`. Settles 2 s after that at the
   * latest, with the processes that would not die: they hang in the kernel, are abandoned, and do not keep our process
   * alive. Safe more than once (the first call counts), and after the end, for those whom the program left behind.
   */
  killAll(graceMs: number): Promise<readonly number[]>;
}

export interface ProgramEnd {
  readonly ended: 'exited' | 'signalled' | 'not-started';
  readonly exitCode?: number;
  readonly signal?: string;
  /** Why it did not start, `ENOENT`. */
  readonly reason?: string;
}

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: 'none' | 'lines';
  /** Value of `QUIESCED_RUN`, for who wants to know it beforehand. A UUID that no other program has. */
  readonly mark?: string;
  /** Gets each line of the standard output; without it both outputs are captured as one. */
  readonly onLine?: (line: string) => void;
  /** Lives on when this process dies, as all do on Linux: on Windows libuv has others end with it. */
  readonly outlives?: true;
}

/**
 * Starts a program. `argv[0]` is a path as this process must open it (`System.resolve`), or a name to look up in PATH.
 * Never throws for what the program does: see `ProgramEnd`. After its end, children that it left running are left
 * alone, and what they go on writing is read and thrown away so that they do not die of it.
 */
export async function startProgram(
  system: System,
  argv: readonly string[],
  options: ProgramOptions = {},
): Promise<Program> {
  const env = { ...baseEnv(system), ...options.env };
  const reason = system.platform === 'linux' ? whyNotFound(argv[0] ?? '', env.PATH ?? '') : whyNotOnWindows(argv);
  if (reason !== undefined) return notStarted(reason);
  const mark = options.mark ?? randomUUID();
  const cgroup = await createCgroup(system, mark);
  const wires = await openWires(system, {
    input: options.input ?? 'none',
    outputs: options.onLine === undefined ? 'merged' : 'apart',
  });
  const child = trySpawn(system, becoming(system, argv, cgroup), {
    env: { ...env, [MARK_VARIABLE]: mark },
    stdio: [...wires.stdio],
    detached: system.platform === 'linux' || options.outlives === true,
  });
  const streams = wires.connect(typeof child === 'string' ? undefined : child);
  if (typeof child === 'string') {
    giveUp(streams);
    cgroup?.remove();
    return notStarted(child);
  }
  return running(system, { child, streams, mark, cgroup }, options);
}

interface Started {
  readonly child: ChildProcess;
  readonly streams: Connected;
  readonly mark: string;
  readonly cgroup: Cgroup | undefined;
}

function running(system: System, { child, streams, mark, cgroup }: Started, options: ProgramOptions): Program {
  const started = child.pid === undefined ? undefined : startOf(system, child.pid);
  const output = capture(streams, options.onLine);
  let groupGone = false;
  child.once('exit', (): void => {
    groupGone = child.pid !== undefined && !hasGroup(child.pid);
  });
  const ended = endOf(child, streams).finally(() => {
    output.stop();
    cgroup?.remove();
  });
  let killing: Promise<readonly number[]> | undefined;

  const kill = async (pid: number, graceMs: number): Promise<readonly number[]> => {
    const left =
      system.platform === 'windows'
        ? await endTree(system, child, pid)
        : await endKin(system, { leader: groupGone ? undefined : pid, mark, started: started ?? 0, cgroup }, graceMs);
    // Its end is known a moment after its death; somebody who survived may hold the output open for ever.
    await Promise.race([ended, hearing(left.length === 0 ? LAST_OUTPUT_MS : 0)]);
    giveUp(streams);
    child.unref();
    cgroup?.remove();
    return left;
  };

  return {
    pid: child.pid,
    ended,
    output: output.text,
    writeLine: (line) => {
      streams.input?.write(`${line}\n`);
    },
    endInput: () => {
      streams.input?.end();
    },
    killAll: (graceMs) => {
      if (child.pid === undefined) return Promise.resolve([]);
      killing ??= kill(child.pid, graceMs);
      return killing;
    },
  };
}

function endOf(child: ChildProcess, { input, stdout, stderr }: Connected): Promise<ProgramEnd> {
  const { promise, resolve } = Promise.withResolvers<ProgramEnd>();
  const outputs = [stdout, stderr].filter((stream) => stream !== undefined);
  const allRead = Promise.all(outputs.map(closed));
  child.once('error', (error) => resolve({ ended: 'not-started', reason: errnoOf(error) ?? error.message }));
  child.once('exit', async (exitCode, signal) => {
    await Promise.race([allRead, hearing(LAST_OUTPUT_MS)]);
    for (const stream of outputs) stream.unref();
    input?.destroy();
    resolve(signal === null ? { ended: 'exited', exitCode: exitCode ?? 0 } : { ended: 'signalled', signal });
  });
  return promise;
}

function capture({ input, stdout, stderr }: Connected, onLine: ProgramOptions['onLine']) {
  const kept = createCapture();
  const lines = onLine === undefined ? undefined : lineSplitter(onLine);
  let stopped = false;
  const add = (chunk: Buffer) => {
    if (!stopped) kept.add(chunk);
  };
  stdout?.on('data', add);
  stderr?.on('data', add);
  stdout?.on('data', (chunk: Buffer) => {
    if (!stopped) lines?.add(chunk);
  });
  // EPIPE and the like: the program's end tells more.
  for (const stream of [input, stdout, stderr]) stream?.on('error', () => undefined);
  return {
    text: kept.text,
    stop() {
      if (!stopped) lines?.end();
      stopped = true;
    },
  };
}

/** Node reports some errors of fork(2) by an event (see `endOf`), others by a throw. */
function trySpawn(
  system: System,
  [file = '', ...args]: readonly string[],
  how: Pick<SpawnOptions, 'env' | 'stdio' | 'detached'>,
): ChildProcess | string {
  const options = { ...how, cwd: '/', windowsHide: true };
  try {
    if (system.platform === 'linux') return spawn(file, args, options);
    const command = windowsCommand(system, [file, ...args]);
    return spawn(command.file, [...command.args], { ...options, windowsVerbatimArguments: command.verbatim });
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return errno;
  }
}

const becoming = (system: System, argv: readonly string[], cgroup: Cgroup | undefined): readonly string[] =>
  system.platform === 'linux' ? ['/bin/sh', '-c', BECOME, 'sh', cgroup?.procsFile ?? '/dev/null', ...argv] : argv;

/**
 * Windows has no signals, and keeps no word with a program that is to end. The number of one that has ended is somebody
 * else's soon, and whom it left behind nobody can tell.
 */
async function endTree(system: System, child: ChildProcess, pid: number): Promise<readonly number[]> {
  const isGone = () => child.exitCode !== null || child.signalCode !== null;
  if (isGone()) return [];
  const argv = [system32Program(system, 'taskkill.exe'), '/PID', String(pid), '/T', '/F'];
  await system.run(argv, { timeoutMs: TASKKILL_MS });
  // It may have come to nothing on a busy machine; by what we hold of it the program itself is ended in any case.
  if (!isGone()) {
    child.kill('SIGKILL');
    await Promise.race([once(child, 'exit'), hearing(LAST_OUTPUT_MS)]);
  }
  return isGone() ? [] : [pid];
}

/** A word that the command interpreter would read otherwise than it is meant. */
const whyNotOnWindows = (argv: readonly string[]): string | undefined =>
  windowsProgram(argv[0] ?? '') === 'cmd' && argv.some(cmdCannotTake) ? 'EINVAL' : undefined;

/** Asked beforehand: through a shell, a missing program would look like one that exits with 127. */
export function whyNotFound(name: string, path: string = CLEAN_ENV.PATH): string | undefined {
  const places = name.includes('/') ? [name] : path.split(':').map((folder) => join(folder, name));
  const reasons = places.map(whyNotStartable);
  return reasons.includes(undefined) ? undefined : (reasons.find((reason) => reason !== 'ENOENT') ?? 'ENOENT');
}

/** The error that a start of this file would meet, `EACCES`; undefined when it can be started. */
export function whyNotStartable(file: string): string | undefined {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile() ? undefined : 'EACCES';
  } catch (error) {
    return errnoOf(error) ?? 'ENOENT';
  }
}

const notStarted = (reason: string): Program => ({
  pid: undefined,
  ended: Promise.resolve({ ended: 'not-started', reason }),
  output: () => '',
  writeLine: () => undefined,
  endInput: () => undefined,
  killAll: () => Promise.resolve([]),
});

const giveUp = (streams: Connected): void => {
  for (const stream of Object.values<Socket | undefined>({ ...streams })) stream?.destroy();
};

const closed = (stream: Socket): Promise<void> =>
  new Promise((resolve) => {
    stream.once('close', () => resolve());
  });

/** Windows programs do not start without SystemRoot, and find nothing without PATH. */
const baseEnv = (system: System): Record<string, string> => {
  if (system.platform === 'linux') return { ...CLEAN_ENV };
  const names = ['SystemRoot', 'windir', 'PATH', 'PATHEXT', 'ComSpec', 'TEMP', 'TMP', 'ProgramData', 'ProgramFiles'];
  return Object.fromEntries(names.flatMap((name) => (system.env[name] ? [[name, system.env[name]]] : [])));
};
