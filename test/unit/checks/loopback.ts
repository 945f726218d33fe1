import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, Server as TlsServer } from 'node:tls';

/** A server on loopback, for a test that asks one; `stop` ends it with all its connections. */
export interface Loopback {
  readonly port: number;
  stop(): void;
}

/** Answers every connection with these bytes, and closes it unless told to leave it open. */
export const answering = (answer: string, { open = false } = {}): Promise<Loopback> =>
  listen((write) => {
    write(answer, open);
    return () => undefined;
  });

/** Accepts, and never says a word. */
export const silent = (): Promise<Loopback> => listen(() => () => undefined);

const fixture = (name: string): string => readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url), 'utf8');

/** Who answers for `securely`. */
export const AUTHORITY = fixture('authority.pem');

/** The same by TLS, with a certificate for 127.0.0.1 and `localhost`. */
export const securely = (answer: string): Promise<Loopback> =>
  listen(
    (write) => {
      write(answer, false);
      return () => undefined;
    },
    () => createTlsServer({ cert: fixture('server.pem'), key: fixture('server.key') }),
  );

/** One byte every few milliseconds, for ever. */
export const dripping = (head: string): Promise<Loopback> =>
  listen((write) => {
    write(head, true);
    const drip = setInterval(() => write('.', true), 5);
    return () => clearInterval(drip);
  });

/** A port where nobody listens, nor comes to: one that a server has left may be the next one's. */
export const refusing = async (): Promise<Loopback> => ({ port: 1, stop: () => undefined });

type Write = (bytes: string, open: boolean) => void;

/** `speak` returns what makes it stop. */
async function listen(speak: (write: Write) => () => void, create: () => Server = createServer): Promise<Loopback> {
  const endings = new Set<() => void>();
  const server = create();
  server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
    socket.on('error', () => undefined);
    const hush = speak((bytes, open) => (open ? socket.write(bytes) : socket.end(bytes)));
    const end = () => {
      hush();
      socket.destroy();
    };
    socket.once('data', () => undefined).once('close', end);
    endings.add(end);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return {
    port: address.port,
    stop: () => {
      for (const end of endings) end();
      server.close();
    },
  };
}

/** An answer of HTTP as it goes over the wire. */
export const http = (status: number, body: string, type = 'text/xml'): string =>
  `HTTP/1.1 ${status} Whatever\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
