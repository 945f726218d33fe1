import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The guard that this daemon has started, as long as it runs. */
export const guardOf = (daemon: number): number | undefined =>
  textOf(`/proc/${daemon}/task/${daemon}/children`)
    .split(' ')
    .filter(Boolean)
    .map(Number)
    .find((pid) => textOf(`/proc/${pid}/cmdline`).split('\0').includes('guard') && !isDead(pid));

/** Gone, or a zombie that nobody has collected yet. */
export const isDead = (pid: number): boolean => {
  const stat = textOf(`/proc/${pid}/stat`);
  return stat === '' || /^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
};

export const isStopped = (pid: number): boolean => {
  const stat = textOf(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
};

/** One that is gone is as good as one that got it. */
export function signal(pid: number | undefined, name: NodeJS.Signals): void {
  try {
    if (pid !== undefined && pid > 1) process.kill(pid, name);
  } catch {
    // Gone.
  }
}

const SHUT = join(import.meta.dirname, 'fault-shut.py');

/** The pipes between a guard and its daemon are shut, while both go on. */
export const shutPipes = async (guard: number): Promise<void> => {
  await promisify(execFile)('/usr/bin/python3', [SHUT, String(guard)], { env: {} });
};

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
