import { get, type IncomingMessage } from 'node:http';
import { errnoOf, messageOf, UserError } from '../errors.ts';
import { refuseInTests } from '../system/imds.ts';
import type { System } from '../system/system.ts';
import { silenceOf } from '../system/waits.ts';

/** A service of Azure's host. Tests put a server of their own on loopback in its place. */
export interface HostService {
  /** `http:` with an address: a name would have to be resolved, and that is another question. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** What became of one request. */
export type ProbeResult =
  | { readonly outcome: 'answered'; readonly status: number; readonly body: string }
  /** The other side, or a rule on the way, said no at once. */
  | { readonly outcome: 'refused'; readonly why: string }
  | { readonly outcome: 'silent' }
  /** A test must not leave loopback. */
  | { readonly outcome: 'not-asked'; readonly why: string };

/** As much of an answer as anybody looks at. */
const BODY_BYTES = 64 * 1024;

/**
 * Asks once, never through a proxy: Azure's host is not behind one. Never throws, answers after `timeoutMs` of silence, and
 * leaves no connection behind. Call it only on a machine of Azure: elsewhere the address is somebody else's.
 */
export async function probe(system: Pick<System, 'env'>, service: HostService): Promise<ProbeResult> {
  try {
    refuseInTests(system, service.url);
  } catch (error) {
    if (error instanceof UserError) return { outcome: 'not-asked', why: error.message };
    throw error;
  }
  return ask(service);
}

const ask = ({ url, headers = {}, timeoutMs }: HostService): Promise<ProbeResult> =>
  new Promise((resolve) => {
    // An agent of its own: the shared one would keep the connection, and obeys NODE_USE_ENV_PROXY.
    const request = get(url, { agent: false, headers: { ...headers, connection: 'close' } });
    const settle = (result: ProbeResult): void => {
      request.destroy();
      resolve(result);
    };
    // One deadline over all of it: `timeout` of a request starts again with every byte.
    silenceOf(timeoutMs).addEventListener('abort', () => settle({ outcome: 'silent' }));
    // Stays for the errors of a request that was given up.
    request.on('error', (error) => settle({ outcome: 'refused', why: errnoOf(error) ?? messageOf(error) }));
    request.on('response', (response) => {
      readBody(response, (body) => settle({ outcome: 'answered', status: response.statusCode ?? 0, body }));
    });
  });

function readBody(response: IncomingMessage, done: (body: string) => void): void {
  let body = '';
  response.setEncoding('utf8');
  response.on('data', (part: string) => {
    body += part;
    if (body.length >= BODY_BYTES) done(body);
  });
  response.on('end', () => done(body));
}
