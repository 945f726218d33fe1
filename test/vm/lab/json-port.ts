import type { Socket } from 'node:net';
import { connectTo, eachLine, within } from './lines.ts';

const CONNECT_MS = 120_000;
/** A state is half a gigabyte to be written out, which a busy disk takes minutes for. */
const ANSWER_MS = 600_000;

/** One who is spoken to in lines of JSON, `{"execute": …}`: QEMU itself (QMP), and its guest agent. */
export interface JsonPort {
  /** Gives the `return`; throws what it says as `error`. */
  execute(command: string, args?: object, options?: { readonly timeoutMs?: number }): Promise<unknown>;
  /** What was said unasked: QMP's events, since the beginning. */
  readonly events: readonly { readonly event: string; readonly data?: unknown }[];
  close(): void;
}

interface Said {
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
  readonly event?: string;
}

export async function openJsonPort(path: string): Promise<JsonPort> {
  const socket = await connectTo(path, CONNECT_MS);
  const events: { event: string; data?: unknown }[] = [];
  const waiting: ((said: Said) => void)[] = [];
  eachLine(socket, (line) => {
    const said: Said = JSON.parse(line);
    if (said.event !== undefined) events.push({ ...said, event: said.event });
    else if (said.return !== undefined || said.error !== undefined) waiting.shift()?.(said);
  });
  return {
    events,
    async execute(command, args = {}, { timeoutMs = ANSWER_MS } = {}) {
      const said = await within(ask(socket, waiting, { execute: command, arguments: args }), timeoutMs, command);
      if (said.error !== undefined) throw new Error(`${command}: ${said.error.class}: ${said.error.desc}`);
      return said.return;
    },
    close: () => void socket.destroy(),
  };
}

/** Answers come in the order of the questions. */
function ask(socket: Socket, waiting: ((said: Said) => void)[], question: object): Promise<Said> {
  const { promise, resolve } = Promise.withResolvers<Said>();
  waiting.push(resolve);
  socket.write(`${JSON.stringify(question)}\n`);
  return promise;
}
