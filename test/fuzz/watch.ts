import { Worker } from 'node:worker_threads';
import type { FuzzTarget } from './target.ts';
import { ENDING, type Failed, LOADING, type Task } from './task.ts';

export interface FuzzOptions {
  /** The module that has the targets, as a URL. */
  readonly list: string;
  readonly seed: string;
  readonly from: number;
  readonly to: number;
  /** How long one input may take. */
  readonly deadlineMs: number;
}

const LOOK_MS = 50;
/** How many times longer than it may take of a processor's time we wait for an input. */
const PATIENCE = 10;
const LOADING_CPU_MS = 1000;
/** Importing everything, on a machine that gives it hardly a turn: no input is to blame for that. */
const START_MS = 600_000;
const END_MS = 10_000;
/** As many as a worker itself gives up after. */
const MAX_FAILURES = 5;

/** Feeds one target and returns what it did not survive. A thread that dies or hangs is replaced. */
export async function fuzz(target: FuzzTarget, options: FuzzOptions): Promise<readonly Failed[]> {
  const failures: Failed[] = [];
  let from = options.from;
  while (from < options.to && failures.length < MAX_FAILURES) {
    const { failed, stopped } = await runWorker(target, { ...options, from });
    failures.push(...failed);
    if (stopped === undefined) break;
    const confirmed = stopped.hung ? await hangsAgain(target, options, stopped.number) : stopped;
    if (confirmed !== undefined) failures.push({ number: confirmed.number, why: confirmed.why });
    from = stopped.number + 1;
  }
  return failures;
}

interface Stopped extends Failed {
  readonly hung: boolean;
}

/** Alone, and by the time of the processor: on a busy machine a thread may get no turn for a while. */
async function hangsAgain(target: FuzzTarget, options: FuzzOptions, number: number): Promise<Failed | undefined> {
  const { deadlineMs } = options;
  const { failed, stopped } = await runWorker(target, {
    ...options,
    from: number,
    to: number + 1,
    deadlineMs: PATIENCE * deadlineMs,
    // It loads itself meanwhile.
    mostCpuMs: deadlineMs + LOADING_CPU_MS,
  });
  return failed[0] ?? stopped;
}

interface RunOptions extends FuzzOptions {
  readonly mostCpuMs?: number;
}

interface Run {
  readonly failed: readonly Failed[];
  readonly stopped: Stopped | undefined;
}

async function runWorker(target: FuzzTarget, options: RunOptions): Promise<Run> {
  const { list, seed, from, to, deadlineMs, mostCpuMs } = options;
  const progress = new SharedArrayBuffer(4);
  const current = new Int32Array(progress).fill(LOADING);
  const task: Task = {
    list,
    target: target.name,
    seed,
    from,
    to,
    progress,
    ...(mostCpuMs === undefined ? {} : { mostCpuMs }),
  };
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: 1024 },
  });
  const failed: Failed[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<Stopped | undefined>();
  const stop = (why: string, hung: boolean): void => {
    const number = Atomics.load(current, 0);
    // After the last one: one of them all.
    resolve({ number: number === ENDING ? to - 1 : Math.max(from, number), why, hung });
  };
  worker.on('message', (failure: Failed) => failed.push(failure));
  worker.on('error', (error: Error) => {
    if (current[0] === LOADING) reject(error);
    else stop(`the thread died: ${error.stack ?? error.message}`, false);
  });
  worker.on('exit', () => resolve(undefined));
  const timer = setInterval(lookout(current, deadlineMs, stop), LOOK_MS);
  try {
    return { failed, stopped: await promise };
  } finally {
    clearInterval(timer);
    await worker.terminate();
  }
}

/** Tells when the number of the input has stayed the same for too long. */
function lookout(current: Int32Array, deadlineMs: number, stop: (why: string, hung: boolean) => void): () => void {
  let last = LOADING;
  let sinceMs = performance.now();
  return () => {
    const number = Atomics.load(current, 0);
    if (number !== last) [last, sinceMs] = [number, performance.now()];
    const limitMs = number >= 0 ? deadlineMs : number === LOADING ? START_MS : END_MS;
    if (performance.now() - sinceMs > limitMs) stop(`no answer within ${limitMs} ms`, true);
  };
}
