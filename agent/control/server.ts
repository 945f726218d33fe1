import { unlinkSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { errnoOf, messageOf, UserError } from '../errors.ts';
import { ROUTES, type RouteName } from './protocol.ts';

export type Handlers = Readonly<Record<RouteName, () => Promise<unknown>>>;

export interface Server {
  close(): Promise<void>;
}

/** Requests carry no body worth speaking of, and a client that dawdles must not keep one of ours. */
const LIMITS = { requestTimeout: 5000, headersTimeout: 5000, maxHeaderSize: 8192 } as const;

/** A reply that is under way gets this long at the end; a client that asks for nothing gets no more. */
const LAST_REPLY_MS = 1000;

/**
 * Listens on the endpoint. The caller made its folder 0700, and holds the lock: a socket that is in the way belongs to
 * a process that died.
 */
export async function startServer(endpoint: string, handlers: Handlers): Promise<Server> {
  const server = createServer(LIMITS, (request, response) => void answer(handlers, request, response));
  server.maxConnections = 16;
  removeStale(endpoint);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(endpoint, resolve);
  await promise;
  return {
    close: () =>
      new Promise((done) => {
        const timer = setTimeout(() => server.closeAllConnections(), LAST_REPLY_MS);
        server.close(() => {
          clearTimeout(timer);
          done();
        });
        server.closeIdleConnections();
      }),
  };
}

function removeStale(endpoint: string): void {
  if (endpoint.startsWith('\\\\.\\pipe\\')) return;
  try {
    unlinkSync(endpoint);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

async function answer(handlers: Handlers, request: IncomingMessage, response: ServerResponse): Promise<void> {
  request.resume();
  const name = (Object.keys(ROUTES) as RouteName[]).find(
    (each) => ROUTES[each].method === request.method && ROUTES[each].path === request.url,
  );
  if (name === undefined) {
    send(response, 404, {
      error: { code: 'control.unknown', message: `there is no ${request.method} ${request.url}` },
    });
    return;
  }
  try {
    send(response, 200, await handlers[name]());
  } catch (error) {
    const { code, remedy } = error instanceof UserError ? error : { code: 'internal', remedy: undefined };
    const status = error instanceof UserError ? 409 : 500;
    send(response, status, { error: { code, message: messageOf(error), ...(remedy === undefined ? {} : { remedy }) } });
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  response.end(`${JSON.stringify(body)}\n`);
}
