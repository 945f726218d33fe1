/** The thread that feeds a target. Whatever a target does to it, the thread that watches can end it. */
import { parentPort, workerData } from 'node:worker_threads';
import { UserError } from '../../agent/errors.ts';
import { inputOf } from './inputs.ts';
import type { FuzzTarget } from './target.ts';
import { ENDING, type Failed, type Task } from './task.ts';

/** After so many different ones a target is given up. */
const MAX_FAILURES = 5;

if (parentPort !== null) await work(workerData as Task);

async function work({ list, target: name, seed, from, to, progress, mostCpuMs }: Task): Promise<void> {
  const { targets } = (await import(list)) as { readonly targets: readonly FuzzTarget[] };
  const target = targets.find((each) => each.name === name);
  if (target === undefined) throw new Error(`there is no target ${name}`);
  const current = new Int32Array(progress);
  const end = await target.prepare?.();
  const seen = new Set<string>();
  for (let number = from; number < to && seen.size < MAX_FAILURES; number += 1) {
    const input = inputOf(target, seed, number);
    Atomics.store(current, 0, number);
    try {
      const answer = target.read(input);
      if (answer instanceof Promise) await answer;
      if (mostCpuMs !== undefined && cpuMs() > mostCpuMs) throw new Error(`no answer within ${mostCpuMs} ms`);
    } catch (error) {
      const why = whyFailed(error);
      if (why === undefined || seen.has(placeOf(why))) continue;
      seen.add(placeOf(why));
      parentPort?.postMessage({ number, why } satisfies Failed);
    }
  }
  Atomics.store(current, 0, ENDING);
  await end?.();
}

/** Of this thread, since it began. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Undefined for a refusal as it should be: it has a name, and says something. */
function whyFailed(error: unknown): string | undefined {
  if (error instanceof UserError && /^[a-z]+(\.[a-z-]+)*$/.test(error.code) && error.message !== '') return undefined;
  return error instanceof Error ? (error.stack ?? error.message) : `thrown: ${String(error)}`;
}

/** One bug is told once: by the first line of our own code in its stack. */
function placeOf(why: string): string {
  return /\n +at .*agent\/.*/.exec(why)?.[0] ?? why.slice(0, 200);
}
