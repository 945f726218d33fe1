import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { http } from '../system/http.ts';
import { rejectedBy } from '../system/waits.ts';
import { type Hop, hopText } from './endpoint.ts';
import { Stopped } from './fault.ts';

/** Has the proxy at the other end of the socket connect it through to `to`: CONNECT, RFC 9110 §9.3.6. Throws `Stopped`. */
export async function tunnel(socket: Socket, to: Hop, signal: AbortSignal): Promise<void> {
  const answered = Promise.withResolvers<IncomingMessage>();
  const target = hopText(to);
  http
    .request({ method: 'CONNECT', path: target, headers: { host: target }, createConnection: () => socket })
    .on('connect', answered.resolve)
    .on('response', answered.resolve)
    .on('error', answered.reject)
    .end();
  const { statusCode = 0, headers } = await Promise.race([answered.promise, rejectedBy(signal)]);
  if (statusCode < 200 || statusCode > 299) throw refused(statusCode, headers);
}

/** What squid adds says more than the number: https://wiki.squid-cache.org/SquidFaq/SquidErrors. */
function refused(status: number, headers: IncomingMessage['headers']): Stopped {
  const squid = headers['x-squid-error'];
  const why = typeof squid === 'string' ? ` (${squid.slice(0, 60)})` : '';
  if (status === 407) {
    const scheme = /^[\w-]+/.exec(headers['proxy-authenticate']?.toString() ?? '')?.[0];
    return new Stopped('proxy.authentication', `answers 407${scheme === undefined ? '' : ` (${scheme})`}`);
  }
  return new Stopped(status >= 500 ? 'proxy.cannot' : 'proxy.forbids', `answers ${status}${why}`);
}
