import { request } from 'node:http';
import { errnoOf, messageOf, UserError } from '../errors.ts';
import { type ErrorReply, ROUTES, type RouteName } from './protocol.ts';

const MAX_REPLY_BYTES = 4 * 1024 * 1024;

/** Asks whoever listens on the endpoint; undefined when nobody does. Throws its error, or when it does not answer. */
export async function ask<Reply>(endpoint: string, route: RouteName, timeoutMs: number): Promise<Reply | undefined> {
  let reply: { readonly status: number; readonly body: string };
  try {
    reply = await exchange(endpoint, route, timeoutMs);
  } catch (error) {
    if (['ENOENT', 'ECONNREFUSED'].includes(errnoOf(error) ?? '')) return undefined;
    throw new UserError('control.no-answer', `the running quiesced does not answer: ${messageOf(error)}`, {
      remedy: 'See who it is with: quiesced status. Its guard thaws at the deadline whatever happens.',
      cause: error,
    });
  }
  const value: unknown = JSON.parse(reply.body);
  if (reply.status === 200) return value as Reply;
  const { code, message, remedy } = (value as ErrorReply).error;
  throw new UserError(code, message, remedy === undefined ? {} : { remedy });
}

function exchange(socketPath: string, route: RouteName, timeoutMs: number): Promise<{ status: number; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const signal = AbortSignal.timeout(timeoutMs);
  const call = request({ socketPath, ...ROUTES[route], signal }, (response) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      body += chunk;
      if (body.length > MAX_REPLY_BYTES) call.destroy(new Error('the answer is too long'));
    });
    response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    response.on('error', reject);
  });
  call.on('error', reject);
  call.end();
  return promise;
}
