import { createServer as createPlain, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { localClock } from '../../agent/system/local.ts';
import type { Certificates } from './certificates.ts';

/** A request as it came in. */
export interface Received {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Of all requests, from 1. */
  readonly number: number;
  /** When it was complete, CLOCK_MONOTONIC. */
  readonly atMs: number;
  /** Of the connection that it came over, from 1. */
  readonly connection: number;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Before a byte of the answer is sent. */
  readonly delayMs?: number;
}

/** `hang`: never answers. `reset`: the connection breaks. `close`: it ends in the middle of the answer. */
export type Behaviour = (request: Received) => Reply | 'hang' | 'reset' | 'close';

/** Somebody to talk to on loopback, who behaves as a test wants: storage (with certificates) or the host (without). */
export interface Mock {
  readonly origin: string;
  readonly port: number;
  readonly received: readonly Received[];
  /** Requests over connections that were just opened (HEAD); they are not among the received. */
  readonly greetings: readonly Received[];
  /** How long each request took that was answered, from its last byte to the last of the answer. */
  readonly answered: readonly { readonly request: Received; readonly tookMs: number }[];
  /** Connections, ever. */
  readonly connections: number;
  /** Those that are open now. */
  readonly open: number;
  /** From now on. */
  behave(behaviour: Behaviour): void;
  /** Unasked, over every connection that is open now. */
  sendToAll(text: string): void;
  /** Breaks every connection that is open now. */
  breakAll(): void;
  close(): Promise<void>;
}

/** @param greet how connections that were just opened are answered. */
export async function startMock(
  behaviour: Behaviour,
  certificates?: Pick<Certificates, 'cert' | 'key'>,
  greet: Behaviour = () => ({ status: 200 }),
): Promise<Mock> {
  let current = behaviour;
  const received: Received[] = [];
  const greetings: Received[] = [];
  const answered: { request: Received; tookMs: number }[] = [];
  const sockets = new Map<Socket, number>();
  let connections = 0;

  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    let body = '';
    request.on('data', (part: Buffer) => {
      body += part;
    });
    request.on('end', () => {
      const begunMs = performance.now();
      const { method = '', url: path = '', headers } = request;
      const connection = sockets.get(request.socket) ?? 0;
      const atMs = localClock.monotonicMs();
      const seen = { method, path, headers, body, number: received.length + 1, atMs, connection };
      if (method === 'HEAD') {
        greetings.push(seen);
        answer(greet(seen), response);
        return;
      }
      received.push(seen);
      response.on('finish', () => answered.push({ request: seen, tookMs: performance.now() - begunMs }));
      answer(current(seen), response);
    });
  };
  const server = certificates === undefined ? createPlain(serve) : createSecure(certificates, serve);
  server.on(certificates === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    connections += 1;
    sockets.set(socket, connections);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 128, resolve));
  const { port } = server.address() as AddressInfo;
  const breakAll = () => {
    for (const socket of sockets.keys()) socket.destroy();
  };
  return {
    origin: `${certificates === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    received,
    greetings,
    answered,
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
    behave(next) {
      current = next;
    },
    breakAll,
    sendToAll(text) {
      for (const socket of sockets.keys()) socket.write(text);
    },
    async close() {
      if (!server.listening) return;
      const closed = new Promise((resolve) => server.close(resolve));
      breakAll();
      await closed;
    },
  };
}

function answer(reply: ReturnType<Behaviour>, response: ServerResponse): void {
  if (reply === 'hang') return;
  if (reply === 'reset') {
    response.socket?.destroy();
    return;
  }
  if (reply === 'close') {
    response.writeHead(201, { 'content-length': '100' });
    response.write('half of it', () => response.socket?.destroy());
    return;
  }
  const { status, headers = {}, body = '', delayMs = 0 } = reply;
  const send = () => {
    response.writeHead(status, { 'content-length': String(Buffer.byteLength(body)), ...headers });
    response.end(body);
  };
  if (delayMs === 0) send();
  else setTimeout(send, delayMs);
}
