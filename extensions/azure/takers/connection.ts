import type { ClientRequest, IncomingMessage } from 'node:http';
import { isIP, connect as netConnect, type Socket } from 'node:net';
import { type SecureContext, connect as tlsConnect } from 'node:tls';
import { messageOf } from '../../../agent/errors.ts';
import { http } from '../../../agent/system/http.ts';
import { rejectedBy } from '../../../agent/system/waits.ts';

/** How a server is reached. */
export interface Route {
  /** `http:` or `https:`, name or address, port; nothing else of it is looked at. */
  readonly url: URL;
  /** An HTTP proxy that is asked for a tunnel (CONNECT). */
  readonly proxy?: { readonly host: string; readonly port: number };
  readonly secureContext?: SecureContext;
}

export interface Request {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** An answer; `body` is what came of it until now, and cut at 1 MiB. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** The host says a few hundred bytes of each disk, and a token of DirectDrive is long. */
const BODY_BYTES = 1024 * 1024;
/** Probes keep what stands between us and Azure from forgetting a connection that waits for its freeze. */
const PROBE_MS = 15_000;

/**
 * A connection that waits, fully open, for a request that must not wait for anything. No HTTP client offers that: axios,
 * fetch and the agents of Node open one at the moment of the request, which is while the disks are frozen; to look up a
 * name or to load a certificate then may need the very disk that is frozen. So the socket is made beforehand, and
 * Node's HTTP speaks over it.
 */
export class Connection {
  readonly openedAtMs = performance.now();
  readonly #route: Route;
  readonly #socket: Socket;
  /** Settles when Node's HTTP has let go of the socket, a moment after the answer. */
  #released: Promise<void> | undefined;

  /** @param socket connected, and through TLS where the route says so. */
  constructor(route: Route, socket: Socket) {
    this.#route = route;
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, PROBE_MS);
    // That it broke is found out by whoever needs it, see `ready`.
    socket.on('error', () => undefined);
    // What comes unasked is a server that takes its leave (408 to one who waits too long), and no answer to the next one.
    socket.on('data', () => {
      if (this.#released === undefined) socket.destroy();
    });
  }

  /** Looks up the name, connects, asks the proxy for a tunnel, and does the TLS handshake. */
  static async open(route: Route, signal: AbortSignal): Promise<Connection> {
    return new Connection(route, await openSocket(route, signal));
  }

  /** Whether it can take a request now, as far as that is known on this side. */
  get ready(): boolean {
    const { destroyed, readable, writable } = this.#socket;
    return this.#released === undefined && !destroyed && readable && writable;
  }

  /**
   * Settles with the end of the answer. Rejects when the connection is lost, and with the signal's reason; either way
   * it is of no further use then.
   */
  async send({ method, path, headers, body }: Request, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    // Over a socket that is gone already Node's HTTP would wait for ever.
    if (!this.ready) throw new Error('the connection was lost');
    const request = http.request({
      createConnection: () => this.#socket,
      method,
      path,
      headers: { host: this.#route.url.host, ...headers, connection: 'keep-alive' },
    });
    this.#released = new Promise((resolve) => {
      request.once('close', () => {
        this.#released = undefined;
        resolve();
      });
    });
    try {
      const answered = answerTo(request);
      request.end(body);
      return await Promise.race([answered, rejectedBy(signal)]);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * The first request over a connection, before anything waits for it: who answers it has let us in, and the code that the
   * next one runs through has run once. That one took 10 to 50 ms longer without it.
   */
  async greet(request: Request, signal: AbortSignal): Promise<Answer> {
    const answer = await this.send(request, signal);
    await this.#released;
    return answer;
  }

  close(): void {
    this.#socket.destroy();
  }
}

function answerTo(request: ClientRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    // Of a connection that ended before there was an answer there is no error.
    request.on('close', () => reject(new Error('the connection was closed before the answer was complete')));
    request.on('response', (response) => {
      let body = '';
      const { statusCode: status = 0, headers } = response;
      response.setEncoding('latin1');
      response.on('data', (part: string) => {
        if (body.length < BODY_BYTES) body += part.slice(0, BODY_BYTES - body.length);
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status, headers, body: Buffer.from(body, 'latin1').toString('utf8') }));
    });
  });
}

async function openSocket(route: Route, signal: AbortSignal): Promise<Socket> {
  const { url, proxy } = route;
  const tunnel =
    proxy === undefined ? await connect(hostOf(url), portOf(url), signal) : await askProxy(url, proxy, signal);
  if (url.protocol !== 'https:') return tunnel;
  const host = hostOf(url);
  const secure = tlsConnect({
    socket: tunnel,
    host,
    // An address is not sent as the name of a server (RFC 6066, 3), but the certificate must still be for it.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ALPNProtocols: ['http/1.1'],
    ...(route.secureContext === undefined ? {} : { secureContext: route.secureContext }),
  });
  return settled(secure, 'secureConnect', signal);
}

const connect = (host: string, port: number, signal: AbortSignal): Promise<Socket> =>
  settled(netConnect({ host, port }), 'connect', signal);

/** Resolves with the socket once `event` comes; destroys it when something else comes first. */
async function settled<S extends Socket>(socket: S, event: string, signal: AbortSignal): Promise<S> {
  const opened = Promise.withResolvers<S>();
  socket.once(event, () => opened.resolve(socket));
  socket.once('error', opened.reject);
  socket.once('close', () => opened.reject(new Error('the connection was closed while it was opened')));
  try {
    return await Promise.race([opened.promise, rejectedBy(signal)]);
  } catch (error) {
    // Its errors from now on are nobody's business.
    socket.on('error', () => undefined);
    socket.destroy();
    throw error;
  } finally {
    socket.off('error', opened.reject);
  }
}

async function askProxy(url: URL, { host, port }: NonNullable<Route['proxy']>, signal: AbortSignal): Promise<Socket> {
  const target = `${url.hostname}:${portOf(url)}`;
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const request = http.request({
    host,
    port,
    method: 'CONNECT',
    path: target,
    headers: { host: target },
    agent: false,
  });
  request.on('connect', (answer, socket) => {
    if (answer.statusCode === 200) resolve(socket);
    else {
      socket.destroy();
      reject(new Error(`the proxy ${host}:${port} answers ${answer.statusCode} to a tunnel to ${target}`));
    }
  });
  request.on('error', (error) => reject(new Error(`the proxy ${host}:${port}: ${messageOf(error)}`, { cause: error })));
  request.end();
  try {
    return await Promise.race([promise, rejectedBy(signal)]);
  } catch (error) {
    request.destroy();
    throw error;
  }
}

/** Brackets are for URLs alone. */
const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');
const portOf = (url: URL): number => Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
