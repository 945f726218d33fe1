import { unlinkSync } from 'node:fs';
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { errnoOf, messageOf, UserError } from '../errors.ts';
import { redact } from '../redact.ts';
import { http } from '../system/http.ts';
import { closeToOthers, isPipe } from '../system/pipe-windows.ts';
import { orUndefinedAfter } from '../system/waits.ts';
import { ROUTES, type Route, type RouteName } from './protocol.ts';
import { bad } from './requests.ts';

/** @param signal aborted when whoever asked is gone. What is thrown as a `UserError` is answered with 409. */
export type Handler = (body: unknown, signal: AbortSignal) => Promise<unknown>;

export interface Handlers {
  readonly routes: Readonly<Partial<Record<RouteName, Handler>>>;
  /** Why nothing else than status and release is answered now; undefined when all of it is. */
  busy(): UserError | undefined;
}

export interface Server {
  /** Requests that are being answered, and clients that are connected. */
  readonly connections: number;
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 64 * 1024;
const MAX_CONNECTIONS = 16;
/** A client that dawdles must not keep one of our few connections; its request must be here by then. */
const REQUEST_MS = 5000;
/** A long answer is announced by signs of life (status 102), so that a client can tell it from a process that hangs. */
const SIGN_OF_LIFE_MS = 2000;
/** A reply that is under way gets this long at the end; a client that asks for nothing gets no more. */
const LAST_REPLY_MS = 1000;

/**
 * Listens on the endpoint, or on a descriptor that listens already (socket activation). The caller made the socket's
 * folder 0700, and holds the run's lock: a socket that is in the way belongs to a process that died, unless it answers
 * (`control.in-use`). A named pipe is closed to all but administrators before anything is answered
 * (`control.open-to-others`).
 */
export async function startServer(endpoint: string | { readonly fd: number }, handlers: Handlers): Promise<Server> {
  const open = new Set<unknown>();
  // Node looks for slow clients twice a minute, also when there are none: `REQUEST_MS` is kept by a timer of our own.
  const quiet = {
    requestTimeout: 0,
    headersTimeout: 0,
    keepAliveTimeout: 1000,
    connectionsCheckingInterval: 2 ** 31 - 1,
  };
  const server = http.createServer({ ...quiet, maxHeaderSize: 8192 }, (request, response) => {
    void answer(handlers, request, response);
  });
  server.maxConnections = MAX_CONNECTIONS;
  let closedToOthers = !(typeof endpoint === 'string' && isPipe(endpoint));
  server.on('connection', (socket) => {
    if (!closedToOthers) return void socket.destroy();
    open.add(socket);
    const late = setTimeout(() => socket.destroy(), REQUEST_MS);
    heard.set(socket, () => clearTimeout(late));
    socket.once('close', () => {
      clearTimeout(late);
      open.delete(socket);
    });
  });
  if (typeof endpoint === 'string') await removeStale(endpoint);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Of a pipe, since a socket that somebody serves was found out before.
  server.once('error', (error) => reject(errnoOf(error) === 'EADDRINUSE' ? inUse(String(endpoint)) : error));
  server.listen(typeof endpoint === 'string' ? endpoint : { fd: endpoint.fd }, resolve);
  await promise;
  if (!closedToOthers) {
    await closeToOthers(endpoint as string).catch(async (error) => {
      await closed(server);
      throw error;
    });
    closedToOthers = true;
  }
  return {
    get connections() {
      return open.size;
    },
    close: () => closed(server),
  };
}

/** Of each connection: its request is here. */
const heard = new WeakMap<object, () => void>();

const closed = (server: HttpServer): Promise<void> =>
  new Promise((done) => {
    const timer = setTimeout(() => server.closeAllConnections(), LAST_REPLY_MS);
    server.close(() => {
      clearTimeout(timer);
      done();
    });
    server.closeIdleConnections();
  });

async function removeStale(endpoint: string): Promise<void> {
  if (isPipe(endpoint)) return;
  if (await answers(endpoint)) throw inUse(endpoint);
  try {
    unlinkSync(endpoint);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

const inUse = (endpoint: string): UserError =>
  new UserError('control.in-use', `another quiesced serves ${endpoint}`, {
    remedy: 'There can be one at a time; see which it is: quiesced status',
  });

/** Whether somebody listens there, however busy he is. */
async function answers(endpoint: string): Promise<boolean> {
  const socket = connect(endpoint);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once('connect', () => resolve(true)).once('error', (error) => resolve(errnoOf(error) === 'EAGAIN'));
  const answered = await orUndefinedAfter(REQUEST_MS, promise);
  socket.destroy();
  return answered ?? true;
}

async function answer(handlers: Handlers, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  let signsOfLife: NodeJS.Timeout | undefined;
  response.once('close', () => {
    clearInterval(signsOfLife);
    if (!response.writableFinished) gone.abort(new UserError('control.client-gone', 'whoever asked for it is gone'));
  });
  response.on('error', () => undefined);
  try {
    const [name, route] = routeOf(request);
    const body = await bodyOf(request);
    heard.get(request.socket)?.();
    const busy = route.always ? undefined : handlers.busy();
    if (busy !== undefined) throw busy;
    const handler = handlers.routes[name];
    if (handler === undefined) throw unknown(request);
    const answered = handler(body, gone.signal);
    // The first one at once: it was not refused for somebody else's run, and to release is to release this one.
    if (route.method !== 'GET') response.writeProcessing();
    signsOfLife = setInterval(() => response.writeProcessing(), SIGN_OF_LIFE_MS);
    send(response, 200, await answered);
  } catch (error) {
    const { code, remedy } = error instanceof UserError ? error : { code: 'internal', remedy: undefined };
    const reply = { code, message: redact(messageOf(error)), ...(remedy === undefined ? {} : { remedy }) };
    send(response, STATUS[code] ?? (error instanceof UserError ? 409 : 500), { schema: 1, error: reply });
  } finally {
    clearInterval(signsOfLife);
  }
}

const STATUS: Readonly<Record<string, number>> = {
  'control.unknown': 404,
  'control.bad-request': 400,
  'control.too-long': 413,
  'hold.too-long': 400,
};

function routeOf(request: IncomingMessage): readonly [RouteName, Route] {
  const found = (Object.entries(ROUTES) as [RouteName, Route][]).find(
    ([, { method, path }]) => method === request.method && path === request.url,
  );
  if (found === undefined) throw unknown(request);
  return found;
}

const unknown = ({ method, url }: IncomingMessage): UserError =>
  new UserError('control.unknown', `there is no ${method} ${url}`);

/** Throws for one that is too long, or no JSON. An empty one is an empty object. */
async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Not `for await` over the request itself: leaving that early would take the connection away from the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      throw new UserError('control.too-long', `a body may have ${MAX_BODY_BYTES / 1024} KiB at most`);
    }
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch (error) {
    throw bad(`the body is no JSON: ${messageOf(error)}`);
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  response.end(`${JSON.stringify(body)}\n`);
}
