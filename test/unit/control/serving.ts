import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Handlers, startServer } from '../../../agent/control/server.ts';

export interface Teardown {
  teardown(last: () => unknown): unknown;
}

export function endpointIn(t: Teardown): string {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-unit-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'q.sock');
}

export const free = () => undefined;

export async function serving(t: Teardown, routes: Handlers['routes'] = {}, busy: Handlers['busy'] = free) {
  const endpoint = endpointIn(t);
  const server = await startServer(endpoint, {
    routes: { status: async () => ({}), release: async () => ({}), ...routes },
    busy,
  });
  t.teardown(() => server.close());
  return { endpoint, server };
}

export interface RawReply {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly body: string;
}

export function raw(socketPath: string, method: string, path: string, body?: string | Buffer): Promise<RawReply> {
  const { promise, resolve, reject } = Promise.withResolvers<RawReply>();
  const call = request({ socketPath, method, path }, (response) => {
    let body = '';
    response.on('data', (chunk) => {
      body += chunk;
    });
    response.on('end', () => resolve({ status: response.statusCode, type: response.headers['content-type'], body }));
  });
  call.on('error', reject);
  call.end(body);
  return promise;
}

/** A client that writes what it likes, when it likes, and keeps all that came. */
export interface RawClient {
  readonly socket: Socket;
  readonly text: string;
  readonly closed: Promise<void>;
}

export async function rawClient(t: Teardown, endpoint: string): Promise<RawClient> {
  const socket = connect(endpoint);
  t.teardown(() => socket.destroy());
  const { promise: connected, resolve } = Promise.withResolvers<void>();
  const closed = new Promise<void>((done) => socket.once('close', () => done()));
  const client = { socket, text: '', closed };
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    client.text += chunk;
  });
  socket.on('error', () => resolve()).once('connect', resolve);
  await connected;
  return client;
}
