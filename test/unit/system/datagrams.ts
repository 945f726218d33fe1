import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const PROGRAM = join(import.meta.dirname, '../../fixtures/datagrams.py');
const PATIENCE_MS = 30_000;

/** One datagram, and the process that sent it. */
export interface Received {
  readonly pid: number;
  readonly data: Buffer;
}

/** A real unix datagram socket, bound by another process: Node cannot. */
export interface Receiver {
  /** The next one that comes, or came; throws when none does. */
  next(): Promise<Received>;
  /** How many have come that nobody asked for yet. */
  waiting(): number;
  /** Leaves what comes where it is, until `go`. */
  stop(): Promise<void>;
  go(): Promise<void>;
  end(): Promise<void>;
}

/** @param address a path, or `@name`. */
export async function receiverAt(t: { teardown(last: () => void): unknown }, address: string): Promise<Receiver> {
  const child = spawn('/usr/bin/python3', [PROGRAM, address], { stdio: ['pipe', 'pipe', 'inherit'], env: {} });
  t.teardown(() => child.kill('SIGKILL'));
  const words: string[] = [];
  const datagrams: Received[] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (!line.startsWith('{')) words.push(line);
    else {
      const { pid, data } = JSON.parse(line) as { pid: number; data: string };
      datagrams.push({ pid, data: Buffer.from(data, 'base64') });
    }
    for (const look of waiting) look();
  });
  const first = <T>(from: T[]): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const look = () => {
      const found = from.shift();
      if (found === undefined) return;
      waiting.delete(look);
      resolve(found);
    };
    const timer = setTimeout(() => reject(new Error(`nothing came within ${PATIENCE_MS} ms`)), PATIENCE_MS);
    waiting.add(look);
    look();
    return promise.finally(() => clearTimeout(timer));
  };
  const tell = async (word: string) => {
    child.stdin.write(`${word}\n`);
    await first(words);
  };
  await first(words);
  return {
    next: () => first(datagrams),
    waiting: () => datagrams.length,
    stop: () => tell('stop'),
    go: () => tell('go'),
    async end() {
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}
