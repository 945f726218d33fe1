import { setTimeout as sleep } from 'node:timers/promises';
import { connectTo, eachLine, TimedOut, within } from './lines.ts';

/**
 * For a command in a machine under emulation, where Node alone takes one to three seconds to start; and twenty times as
 * long when the machine that emulates it has as much else to do. A freeze that lasts too long is seen long before.
 */
const COMMAND_MS = 180_000;
const PING_MS = 1000;
const CONNECT_MS = 120_000;

export interface Ran {
  /** 128 + signal for one that was killed, 127 for one that is not there. */
  readonly code: number;
  /** Both outputs, in their order. */
  readonly output: string;
}

/**
 * How a file system feels from inside, to somebody who writes to it every 50 ms. (Every 10 ms took a third of the time
 * that the machine has under emulation.)
 */
export interface Felt {
  readonly mountPoint: string;
  /** For how long the write under way has not come back; a few ms at most while nothing is frozen. */
  readonly blockedMs: number;
  /** The longest write since the last `forget`. */
  readonly longestMs: number;
  readonly writes: number;
  /** Of the last write; 0 is none. */
  readonly errno: number;
}

/** A command that runs inside. */
export interface Running {
  /** Fails only when the machine was reset or set back meanwhile. */
  readonly ended: Promise<Ran>;
  /** What it has printed so far. */
  readonly output: () => string;
  kill(): void;
}

/** guest/agent.c, from outside. It answers whatever is frozen in there. */
export interface Agent {
  start(command: string): Running;
  run(command: string, options?: { readonly timeoutMs?: number }): Promise<Ran>;
  feel(): Promise<readonly Felt[]>;
  /** As `feel`, after which the longest begins anew. */
  forget(): Promise<readonly Felt[]>;
  /** Waits until it answers; drops whatever was asked before. */
  awake(timeoutMs: number): Promise<void>;
  close(): void;
}

interface Asked {
  output: Buffer[];
  resolve(value: Ran | readonly Felt[]): void;
  reject(error: Error): void;
}

export async function openAgent(path: string): Promise<Agent> {
  const socket = await connectTo(path, CONNECT_MS);
  const asked = new Map<string, Asked>();
  let count = 0;
  eachLine(socket, (line) => hear(asked, line));

  const ask = (verb: string, rest = ''): { id: string; entry: Asked; answer: Promise<Ran | readonly Felt[]> } => {
    count += 1;
    // The machine may go back to a time in which another process had asked.
    const id = `${process.pid}-${count}`;
    const { promise, resolve, reject } = Promise.withResolvers<Ran | readonly Felt[]>();
    promise.catch(() => {});
    const entry: Asked = { output: [], resolve, reject };
    asked.set(id, entry);
    socket.write(`${verb} ${id}${rest}\n`);
    return { id, entry, answer: promise };
  };
  const felt = (verb: 'feel' | 'forget') => within(ask(verb).answer as Promise<readonly Felt[]>, COMMAND_MS, verb);

  const agent: Agent = {
    start(command) {
      const { id, entry, answer } = ask('run', ` ${Buffer.from(command).toString('base64')}`);
      return {
        ended: answer as Promise<Ran>,
        output: () => Buffer.concat(entry.output).toString(),
        kill: () => void socket.write(`kill ${id}\n`),
      };
    },
    async run(command, { timeoutMs = COMMAND_MS } = {}) {
      const running = agent.start(command);
      try {
        return await within(running.ended, timeoutMs, command);
      } catch (error) {
        running.kill();
        throw error instanceof TimedOut ? new TimedOut(`${error.message}; it printed: ${running.output()}`) : error;
      }
    },
    feel: () => felt('feel'),
    forget: () => felt('forget'),
    async awake(timeoutMs) {
      for (const entry of asked.values()) entry.reject(new Error('the machine was reset or set back'));
      asked.clear();
      for (const end = Date.now() + timeoutMs; ; ) {
        // The first answer may be glued to half a line from before: asked again, it is not.
        const { answer } = ask('feel');
        if ((await Promise.race([answer, sleep(PING_MS)])) !== undefined) return;
        if (Date.now() > end) throw new TimedOut(`the agent does not answer within ${timeoutMs} ms`);
      }
    },
    close: () => void socket.destroy(),
  };
  return agent;
}

function hear(asked: Map<string, Asked>, line: string): void {
  const [verb, id = '', ...rest] = line.split(' ');
  const entry = asked.get(id);
  if (entry === undefined) return;
  if (verb === 'out') {
    entry.output.push(Buffer.from(rest[0] ?? '', 'base64'));
    return;
  }
  asked.delete(id);
  if (verb === 'exit') entry.resolve({ code: Number(rest[0]), output: Buffer.concat(entry.output).toString() });
  else entry.resolve(feltFrom(rest));
}

const feltFrom = (words: readonly string[]): readonly Felt[] =>
  Array.from({ length: Math.floor(words.length / 5) }, (_, i) => {
    const [mountPoint = '', ...figures] = words.slice(i * 5, i * 5 + 5);
    const [blockedMs = 0, longestMs = 0, writes = 0, errno = 0] = figures.map(Number);
    return { mountPoint, blockedMs, longestMs, writes, errno };
  });
