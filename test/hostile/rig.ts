import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Rig } from '../system/loop.ts';
import { until } from '../system/loop-observe.ts';

const MAIN = join(import.meta.dirname, '../../agent/main.ts');
const LIMIT_MS = 240_000;

/** How the program ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it printed with `--json`; undefined when that is no JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it by matching
  readonly json: any;
  readonly tookMs: number;
}

/** The program, started by a program that limits it first: `leader` and its arguments, which ends with an `exec`. */
export function runBy(rig: Rig, leader: readonly string[], ...args: readonly string[]): Promise<Ended> {
  const beganMs = performance.now();
  const [file = '', ...rest] = [...leader, process.execPath, MAIN, ...args, '--json'];
  const child = spawn(file, rest, { env: rig.cli.env(), cwd: '/', stdio: ['ignore', 'pipe', 'ignore'] });
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const { promise, resolve } = Promise.withResolvers<Ended>();
  child.on('exit', (code, signal) => {
    clearTimeout(limit);
    const tookMs = performance.now() - beganMs;
    setImmediate(() => resolve({ code, signal, json: parsed(text), tookMs }));
  });
  return promise;
}

/** A shell that does something first, and then becomes what its further arguments say. */
export const shell = (first: string): readonly string[] => ['/bin/sh', '-c', `${first}\nexec "$@"`, 'sh'];

/** One in which all processes share so much memory; undefined where the machine has none that may be used. */
export function memoryGroup(bytes: number): { readonly procs: string; remove(): Promise<boolean> } | undefined {
  const [version1, version2] = ['/sys/fs/cgroup/memory', '/sys/fs/cgroup'].map((parent) => join(parent, NAME));
  for (const [folder = '', file] of [
    [version1, 'memory.limit_in_bytes'],
    [version2, 'memory.max'],
  ] as const) {
    try {
      mkdirSync(folder);
      if (existsSync(join(folder, file))) {
        writeFileSync(join(folder, file), String(bytes));
        return { procs: join(folder, 'cgroup.procs'), remove: () => until(() => removed(folder)) };
      }
      rmdirSync(folder);
    } catch {
      // Not here, or not for us: the other version may do.
    }
  }
  return undefined;
}

const NAME = `quiesced-test-${process.pid}`;

/** Only once the last process has left it. */
function removed(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return !existsSync(folder);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
