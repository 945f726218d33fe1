import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLEAN_ENV, runProgram } from '../../agent/system/run.ts';
import { type LineClient, lineClient } from './lines.ts';

const LIMIT_MS = 300_000;

/** Runs a program to its end and gives its output; throws with what it said when it failed. */
export async function must(argv: readonly string[], timeoutMs = LIMIT_MS): Promise<string> {
  const result = await runProgram(argv, { timeoutMs });
  if (result.exitCode === 0) return result.stdout;
  throw new Error(`${argv.join(' ')}: ${result.ended} ${result.exitCode ?? ''} ${result.stderr.trim()}`);
}

/** A program that runs beside the benchmark and talks in lines of JSON. */
export interface Companion extends LineClient {
  readonly pid: number;
  /** SIGTERM; for those that do not heed the end of their input. */
  terminate(): void;
  /** Ends its input and waits; kills it when it does not end by itself. */
  close(): Promise<void>;
}

/** Its process id is noted in `pidFolder` while it runs, for the sweeper to find. */
export function startCompanion(
  argv: readonly string[],
  options: { readonly pidFolder: string; readonly env?: Readonly<Record<string, string>> },
): Companion {
  const [file = '', ...args] = argv;
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...CLEAN_ENV, ...options.env } });
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${file}: cannot be started`);
  const note = join(options.pidFolder, String(pid));
  writeFileSync(note, '');
  const ended = once(child, 'exit').then(() => rmSync(note, { force: true }));
  child.stdin.on('error', () => {}); // it ended first: what was asked of it then fails by end of file

  return {
    ...lineClient(child.stdout, child.stdin),
    pid,
    terminate: () => {
      child.kill();
    },
    async close() {
      child.stdin.end();
      const killer = setTimeout(() => child.kill('SIGKILL'), 3000);
      await ended;
      clearTimeout(killer);
    },
  };
}
