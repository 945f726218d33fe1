import { type Program, startProgram } from '../system/spawn.ts';
import type { System } from '../system/system.ts';
import type { AnswerTo, ProbeFigures, WriterAnswer, WriterCommand, WriterLine } from './protocol.ts';

/** The parent's side of a writer: one program that writes to one file system all the time. */
export interface Application {
  readonly mountPoint: string;
  /**
   * The highest record acknowledged before a moment of the monotonic clock: all up to it must be in a copy that was
   * taken later. 0 when none was.
   */
  ackedBefore(ns: bigint): number;
  /** Finishes and acknowledges what was begun, begins nothing new, and answers with the last record. */
  hold(signal: AbortSignal): Promise<number>;
  /** Throws unless the hold of the last `hold` is still there and was all the time. */
  verify(signal: AbortSignal): Promise<void>;
  /** Safe after a finished, a failed and a half-done `hold`, and when the writer is gone. */
  release(signal: AbortSignal): Promise<void>;
  /** Begins a new window of stall figures, and returns those of the last one. */
  mark(signal: AbortSignal): Promise<ProbeFigures>;
  /** The figures since `mark`. Waits for the write that is under way: ask after the thaw. */
  stalls(signal: AbortSignal): Promise<ProbeFigures>;
  /** Ends the writer, with force when it hangs or `signal` is aborted. Safe more than once; never throws. */
  stop(signal: AbortSignal): Promise<void>;
}

/** The shape of a quiescer, which lives beside us: see agent/quiescers/quiescer.ts for the contract. */
export interface ApplicationQuiescer {
  readonly id: string;
  readonly title: string;
  hold(signal: AbortSignal): Promise<void>;
  verify(signal: AbortSignal): Promise<void>;
  release(signal: AbortSignal): Promise<void>;
}

const KILL_GRACE_MS = 1500;

/**
 * Starts a writer and returns when it is about to write. `prefix` is how this program is called so that it ends up in
 * `runWriter`: `[node, agent/main.ts, 'sandbox-writer']`. The writer ends with this process: its input is a pipe.
 */
export async function startApplication(
  system: System,
  prefix: readonly string[],
  mountPoint: string,
  signal: AbortSignal,
): Promise<Application> {
  const ear = createEar(mountPoint);
  const program = await startProgram(system, [...prefix, mountPoint], { input: 'lines', onLine: ear.hear });
  program.ended.then(({ reason, exitCode, signal: by }) =>
    ear.close(`the writer on ${mountPoint} has ended (${reason ?? by ?? exitCode}) ${complaintOf(program.output())}`),
  );
  const application = createApplication(program, ear, mountPoint);
  try {
    await orAborted(ear.ready, signal);
    return application;
  } catch (error) {
    await application.stop(signal);
    throw error;
  }
}

/** The writer as the heart holds it. The hold ends with either process: nothing is owed. */
export const quiescerOf = (application: Application, name: string): ApplicationQuiescer => ({
  id: `sandbox-${name}`,
  title: `sandbox application on ${name}`,
  hold: async (signal) => {
    await application.hold(signal);
  },
  verify: application.verify,
  release: application.release,
});

function createApplication(program: Program, ear: Ear, mountPoint: string): Application {
  let stopping = false;
  let hold: { readonly held: number; readonly session: string } | undefined;
  const ask = <C extends WriterCommand>(command: C, signal: AbortSignal): Promise<AnswerTo<C>> => {
    const answer = ear.expect(command);
    program.writeLine(command);
    return orAborted(answer, signal);
  };

  return {
    mountPoint,
    ackedBefore: (ns) => ear.acks.findLast(({ atNs }) => atNs < ns)?.acked ?? 0,
    async hold(signal) {
      hold = undefined;
      hold = await ask('hold', signal);
      return hold.held;
    },
    async verify(signal) {
      const there = await ask('verify', signal);
      if (hold !== undefined && there.session === hold.session && there.held === hold.held) return;
      throw new Error(`the hold of the writer on ${mountPoint} has not lasted`);
    },
    async release(signal) {
      hold = undefined;
      if (ear.closed === undefined) await ask('release', signal);
    },
    mark: (signal) => ask('mark', signal),
    stalls: (signal) => ask('probe', signal),
    async stop(signal) {
      // Either the answer, or the end of the program, or the end of our patience: it is ended in every case.
      if (ear.closed === undefined && !stopping) {
        stopping = true;
        await ask('stop', signal).catch(() => undefined);
      }
      await program.killAll(KILL_GRACE_MS);
    },
  };
}

/** Sorts what the writer says. */
interface Ear {
  readonly acks: readonly { readonly acked: number; readonly atNs: bigint }[];
  readonly ready: Promise<void>;
  /** Why nothing more will be heard. */
  readonly closed: string | undefined;
  hear(line: string): void;
  /** The answer to the command that is said next. */
  expect<C extends WriterCommand>(command: C): Promise<AnswerTo<C>>;
  close(why: string): void;
}

interface Waiting {
  readonly command: WriterCommand;
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Error) => void;
}

function createEar(mountPoint: string): Ear {
  const acks: { acked: number; atNs: bigint }[] = [];
  const waiting: Waiting[] = [];
  const started = Promise.withResolvers<void>();
  started.promise.catch(() => undefined);
  let closed: string | undefined;

  const close = (why: string): void => {
    closed ??= why;
    started.reject(new Error(closed));
    for (const { reject } of waiting.splice(0)) reject(new Error(closed));
  };
  const settle = (answer: WriterAnswer): void => {
    // One that was given up is still in the list, and takes its answer: the order keeps the others right.
    const at = waiting.findIndex(({ command }) => command === answer.answer);
    waiting.splice(at, 1)[0]?.resolve(answer as never);
  };

  return {
    acks,
    ready: started.promise,
    get closed() {
      return closed;
    },
    hear(text) {
      const line = parseLine(text);
      if (line === undefined) return;
      if ('acked' in line) acks.push({ acked: line.acked, atNs: BigInt(line.atNs) });
      else if ('answer' in line) settle(line);
      else if ('ready' in line) started.resolve();
      else close(`the writer on ${mountPoint} failed: ${line.failed}`);
    },
    expect<C extends WriterCommand>(command: C) {
      const { promise, resolve, reject } = Promise.withResolvers<AnswerTo<C>>();
      promise.catch(() => undefined);
      if (closed !== undefined) reject(new Error(closed));
      else waiting.push({ command, resolve, reject });
      return promise;
    },
    close,
  };
}

/** What a program said beside its lines for us: the message of a crash. */
const complaintOf = (output: string): string =>
  output
    .split('\n')
    .filter((line) => !line.startsWith('{'))
    .join('\n')
    .trim()
    .slice(0, 500);

/** A writer that is killed may leave half a line. */
function parseLine(text: string): WriterLine | undefined {
  try {
    return JSON.parse(text) as WriterLine;
  } catch {
    return undefined;
  }
}

async function orAborted<T>(wanted: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([wanted, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
