import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';
import type { Write } from './loop-observe.ts';

/** What was seen of one file system from outside since it was asked last. */
export interface Seen {
  readonly writes: readonly Write[];
  /** When the write began that has not returned. */
  readonly pendingSinceMs: number | undefined;
}

/** A program of its own that writes to each file system all the time, in the order in which they were named. */
export interface Observer {
  look(): Promise<readonly Seen[]>;
}

const PROGRAM = join(import.meta.dirname, 'fault-observer.py');

export async function startObserver(t: Test, mountPoints: readonly string[]): Promise<Observer> {
  const child = spawn('/usr/bin/python3', [PROGRAM, ...mountPoints], { stdio: ['pipe', 'pipe', 'inherit'], env: {} });
  t.teardown(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout });
  const observer: Observer = {
    async look() {
      child.stdin.write('\n');
      const answers: { writes: number[]; pending: number | null }[] = JSON.parse((await once(lines, 'line'))[0]);
      return answers.map(({ writes, pending }) => ({ writes: pairs(writes), pendingSinceMs: pending ?? undefined }));
    },
  };
  await observer.look();
  return observer;
}

const pairs = (times: readonly number[]): readonly Write[] =>
  Array.from({ length: times.length / 2 }, (_, at) => [times[2 * at] ?? 0, times[2 * at + 1] ?? 0]);
