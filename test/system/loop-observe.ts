import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';

/** The scale of the program's timelines. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Far longer than anything takes on a machine that has much else to do. Who waits for an event does not wait for this. */
const PATIENCE_MS = 60_000;

/** Waits until it is so; whether it was, within a minute unless told otherwise. */
export async function until(condition: () => boolean | Promise<boolean>, limitMs = PATIENCE_MS): Promise<boolean> {
  for (const end = monotonicMs() + limitMs; monotonicMs() < end; await sleep(20)) if (await condition()) return true;
  return condition();
}

const PROBE = 'echo ready; echo x 2>/dev/null >"$1/probe"; exit 0';

/** A write in a process of its own, which the kernel holds back for as long as the file system is frozen. */
export interface Probe {
  /** When the write returned, or undefined when it has not, this long after it began. */
  wroteWithin(ms: number): Promise<number | undefined>;
}

export async function startProbe(mountPoint: string): Promise<Probe> {
  const child = spawn('/bin/sh', ['-c', PROBE, 'probe', mountPoint], { stdio: ['ignore', 'pipe', 'ignore'] });
  const wrote = once(child, 'exit').then(monotonicMs);
  await once(child.stdout, 'data');
  // It may never end: nothing of it may keep this process.
  child.stdout.destroy();
  child.unref();
  return { wroteWithin: (ms) => Promise.race([wrote, sleep(ms, undefined)]) };
}

/** From outside: whether a write is held back for so long. */
export async function isFrozen(mountPoint: string, forMs = 300): Promise<boolean> {
  return (await (await startProbe(mountPoint)).wroteWithin(forMs)) === undefined;
}

/** From outside: whether a write comes through, on a machine that may be busy; long before a deadline of a minute. */
export async function isWritable(mountPoint: string): Promise<boolean> {
  return !(await isFrozen(mountPoint, 20_000));
}

export interface OwnProcess {
  readonly pid: number;
  readonly argv: readonly string[];
}

/** The living processes that run confined to this root. */
export function processesOf(root: string): readonly OwnProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => textOf(`/proc/${pid}/environ`).split('\0').includes(`QUIESCED_TEST_ROOT=${root}`))
    .map((pid) => ({ pid: Number(pid), argv: textOf(`/proc/${pid}/cmdline`).split('\0').slice(0, -1) }));
}

/** Waits until nobody is left. One that is just becoming another program shows no environment for a moment. */
export const allEnded = (root: string, limitMs = PATIENCE_MS): Promise<boolean> =>
  until(async () => {
    if (processesOf(root).length > 0) return false;
    await sleep(100);
    return processesOf(root).length === 0;
  }, limitMs);

/** Waits until whoever held has gone, who has told its end a moment before, and whom the next one would still meet. */
export const nobodyHolds = (root: string): Promise<boolean> =>
  until(() => !processesOf(root).some(({ argv }) => argv.includes('keep-hold') || argv.includes('guard')));

/** The one process that runs this hidden command: `guard`, `keep-hold`. */
export function pidOf(root: string, command: string): number {
  const found = processesOf(root).filter(({ argv }) => argv.includes(command));
  if (found.length !== 1) throw new Error(`${found.length} processes run ${command}`);
  return found[0]?.pid ?? -1;
}

export const EXPEDITED = '/sys/kernel/rcu_expedited';

/** `1` while the kernel is told to hurry. */
export const expedited = (): string => textOf(EXPEDITED).trim();

/** Whether the kernel takes its time again; waits a little for others who freeze on this machine too. */
export const notExpedited = (): Promise<boolean> => until(() => expedited() === '0');

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It has gone meanwhile.
    return '';
  }
}

/** Began and ended, on the monotonic clock. */
export type Write = readonly [beganMs: number, endedMs: number];

/** A process that writes all the time. */
export interface Writer {
  /** All writes that have returned so far; waits for one that is held back. */
  writes(): Promise<readonly Write[]>;
}

const WRITER = join(import.meta.dirname, '../fixtures/loop-writer.ts');

export async function startWriter(t: Test, mountPoint: string): Promise<Writer> {
  const child = spawn(process.execPath, [WRITER, join(mountPoint, 'written')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {},
  });
  t.teardown(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout });
  const next = async () => JSON.parse((await once(lines, 'line'))[0]) as number[];
  await next();
  return {
    async writes() {
      child.stdin.write('\n');
      const times = await next();
      return Array.from({ length: times.length / 2 }, (_, at) => [times[2 * at] ?? 0, times[2 * at + 1] ?? 0] as const);
    },
  };
}
