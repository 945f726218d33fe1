import { connect, type Socket } from 'node:net';
import { rejectedBy } from '../system/waits.ts';

/** An answer of Redis; an error of its is thrown instead. */
export type Reply = string | number | undefined | readonly Reply[];

/** One connection to a Redis or Valkey server. It never connects a second time: who is gone is gone. */
export interface RespConnection {
  /** Sends a command and returns its answer. Throws what the server says against it, and when the connection ends. */
  send(words: readonly string[], signal: AbortSignal): Promise<Reply>;
  close(): void;
}

export type RespAddress = { readonly path: string } | { readonly host: string; readonly port: number };

/** The protocol is a few lines, and its tool connects again by itself: https://redis.io/docs/reference/protocol-spec. */
export async function openResp(address: RespAddress, signal: AbortSignal): Promise<RespConnection> {
  const socket = connect(address);
  const connected = Promise.withResolvers<void>();
  socket.once('connect', connected.resolve);
  socket.once('error', connected.reject);
  try {
    await Promise.race([connected.promise, rejectedBy(signal)]);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return connection(socket);
}

/** More than any answer of ours: who sends more is no Redis. */
const MOST_BYTES = 4 * 1024 * 1024;

function connection(socket: Socket): RespConnection {
  const waiting: { resolve(reply: Reply): void; reject(error: Error): void }[] = [];
  let rest = Buffer.alloc(0);
  const lose = (why: string) => {
    socket.destroy();
    for (const { reject } of waiting.splice(0)) reject(new Error(why));
  };
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    if (rest.length > MOST_BYTES) return lose('the server sends more than was asked for');
    try {
      for (let read = parseReply(rest, 0); read !== undefined; read = parseReply(rest, 0)) {
        rest = rest.subarray(read.end);
        const first = waiting.shift();
        if (read.reply instanceof Error) first?.reject(read.reply);
        else first?.resolve(read.reply);
      }
    } catch (error) {
      lose(String(error));
    }
  });
  socket.on('error', (error) => lose(error.message));
  socket.on('close', () => lose('the connection to the server has ended'));
  return {
    async send(words, signal) {
      if (socket.destroyed) throw new Error('the connection to the server has ended');
      const { promise, resolve, reject } = Promise.withResolvers<Reply>();
      waiting.push({ resolve, reject });
      socket.write(encodeCommand(words));
      return Promise.race([promise, rejectedBy(signal)]);
    },
    close: () => socket.destroy(),
  };
}

const encodeCommand = (words: readonly string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;

/** Nobody nests deeper; a reader that follows may run out of stack. */
const DEEPEST = 8;

/**
 * One answer from `at` on, and where it ends; undefined while it is not whole. Throws for what is not of the protocol.
 */
export function parseReply(
  bytes: Buffer,
  at: number,
  depth = 0,
): { readonly reply: Reply | Error; readonly end: number } | undefined {
  const lineEnd = bytes.indexOf('\r\n', at);
  if (lineEnd < 0) return undefined;
  const text = bytes.toString('utf8', at + 1, lineEnd);
  const end = lineEnd + 2;
  switch (String.fromCharCode(bytes[at] ?? 0)) {
    case '+':
      return { reply: text, end };
    case '-':
      return { reply: new Error(text), end };
    case ':':
      return { reply: lengthOf(text, Number.MIN_SAFE_INTEGER), end };
    case '$': {
      const length = lengthOf(text, -1);
      if (length < 0) return { reply: undefined, end };
      if (bytes.length < end + length + 2) return undefined;
      return { reply: bytes.toString('utf8', end, end + length), end: end + length + 2 };
    }
    case '*':
      return parseArray(bytes, end, lengthOf(text, -1), depth);
    default:
      throw new Error('the server does not speak the protocol of Redis');
  }
}

function parseArray(bytes: Buffer, from: number, count: number, depth: number) {
  if (depth >= DEEPEST) throw new Error('the server sends what is nested too deeply');
  const replies: Reply[] = [];
  let at = from;
  for (let index = 0; index < count; index += 1) {
    const item = parseReply(bytes, at, depth + 1);
    if (item === undefined) return undefined;
    if (item.reply instanceof Error) return { reply: item.reply, end: item.end };
    replies.push(item.reply);
    at = item.end;
  }
  return { reply: count < 0 ? undefined : replies, end: at };
}

function lengthOf(text: string, least: number): number {
  const number = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(number) || number < least || (least === -1 && number > MOST_BYTES)) {
    throw new Error('the server does not speak the protocol of Redis');
  }
  return number;
}
