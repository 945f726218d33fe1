import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { spread } from './table.ts';

/** What a process costs while it has nothing to do. */
export interface Footprint {
  readonly rssMB: number;
  /** What it shares with others counts in part; what only it has mapped, its own program included, in full. */
  readonly pssMB: number;
  /** What would have to be swapped out to get it back: no file behind it. */
  readonly anonymousMB: number;
  readonly threads: number;
  /** Of all its threads: how often each gave the processor away to wait for something, and so had been woken up. */
  readonly wakeUpsAMinute: number;
}

const SAMPLES = 8;

/** Of each process over the same time; memory is the median of samples. */
export async function footprints(pids: readonly number[], overMs: number): Promise<readonly Footprint[]> {
  const before = pids.map(waitsOf);
  const samples = pids.map(() => [] as Memory[]);
  for (let count = 0; count < SAMPLES; count += 1) {
    await sleep(overMs / SAMPLES);
    for (const [at, pid] of pids.entries()) samples[at]?.push(memoryOf(pid));
  }
  const minutes = overMs / 60_000;
  return pids.map((pid, at) => {
    const of = (name: keyof Memory) => spread((samples[at] ?? []).map((one) => one[name]))?.median ?? 0;
    return {
      rssMB: of('rssMB'),
      pssMB: of('pssMB'),
      anonymousMB: of('anonymousMB'),
      threads: readdirSync(`/proc/${pid}/task`).length,
      wakeUpsAMinute: (waitsOf(pid) - (before[at] ?? 0)) / minutes,
    };
  });
}

type Memory = Pick<Footprint, 'rssMB' | 'pssMB' | 'anonymousMB'>;

/** proc_pid_smaps(5), in kB of 1024 bytes; MB here are those of the aim: a million bytes. */
function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const of = (name: string) => (Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(text)?.[1]) * 1024) / 1e6;
  return { rssMB: of('Rss'), pssMB: of('Pss'), anonymousMB: of('Anonymous') };
}

/** Since it began; a thread that has ended is not counted any more. */
const waitsOf = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`)
    .map((task) => readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8'))
    .reduce((sum, text) => sum + Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(text)?.[1]), 0);
