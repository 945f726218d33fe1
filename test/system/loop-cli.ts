import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Outcome } from '../../agent/snapshot/outcome.ts';

const MAIN = join(import.meta.dirname, '../../agent/main.ts');
const LIMIT_MS = 120_000;

/** How the program ended, and what it said. */
export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What `--json` printed; undefined when that is no JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it by matching
  readonly json: any;
  readonly tookMs: number;
}

export interface CliProcess {
  readonly pid: number;
  readonly ended: Promise<CliResult>;
  signal(name: NodeJS.Signals): void;
}

export interface CliOptions {
  /** A descriptor for standard error; a file on a frozen file system, say. */
  readonly stderr?: number;
  /** For what has much to copy on a busy machine (two minutes). */
  readonly limitMs?: number;
}

/** The real program, as a process of its own that may freeze nothing but the file systems of the test. */
export interface Cli {
  /** Environment that confines every process. */
  env(): Readonly<Record<string, string>>;
  start(args: readonly string[], options?: CliOptions): CliProcess;
  /** To its end, with `--json`. */
  run(...args: readonly string[]): Promise<CliResult>;
  history(): Promise<readonly Outcome[]>;
}

export function createCli(env: () => Record<string, string>): Cli {
  const cli: Cli = {
    env,
    start(args, { stderr, limitMs = LIMIT_MS } = {}) {
      const startedMs = performance.now();
      const child = spawn(process.execPath, [MAIN, ...args], {
        env: env(),
        cwd: '/',
        stdio: ['ignore', 'pipe', stderr ?? 'pipe'],
      });
      const texts = { stdout: '', stderr: '' };
      for (const name of ['stdout', 'stderr'] as const) {
        child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
          texts[name] += chunk;
        });
      }
      const { promise, resolve } = Promise.withResolvers<CliResult>();
      const end = (code: number | null) => {
        clearTimeout(limit);
        const tookMs = performance.now() - startedMs;
        resolve({ code, ...texts, json: parsed(texts.stdout), tookMs });
      };
      const limit = setTimeout(() => {
        child.kill('SIGKILL');
        // One that hangs in the kernel does not end by that.
        setTimeout(end, 1000, null).unref();
      }, limitMs);
      // Not 'close': a holder that was left behind has the same standard error.
      child.on('exit', (code) => setImmediate(end, code));
      return { pid: child.pid ?? -1, ended: promise, signal: (name) => child.kill(name) };
    },
    run: (...args) => {
      const at = args.indexOf('--');
      const words = at < 0 ? [...args, '--json'] : args.toSpliced(at, 0, '--json');
      return cli.start(words).ended;
    },
    history: async () => (await cli.run('history')).json?.outcomes ?? [],
  };
  return cli;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
