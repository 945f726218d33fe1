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
    const inTime = error instanceof Error && error.name !== 'AbortError';
    throw noAnswer(inTime ? messageOf(error) : `nothing came within ${timeoutMs / 1000} s`, error);
  }
  const value = parse(reply.body);
  if (reply.status === 200 && value !== undefined) return value as Reply;
  const refused = (value as Partial<ErrorReply> | undefined)?.error;
  if (refused === undefined) throw noAnswer(`what came is not understood (status ${reply.status})`);
  const { code, message, remedy } = refused;
  throw new UserError(code, message, remedy === undefined ? {} : { remedy });
}

const noAnswer = (why: string, cause?: unknown): UserError =>
  new UserError('control.no-answer', `the running quiesced does not answer: ${why}`, {
    remedy: 'See who it is with: quiesced status. Its guard thaws at the deadline whatever happens.',
    cause,
  });

function parse(body: string): unknown {
  try {
    return JSON.parse(body) ?? undefined;
  } catch {
    return undefined;
  }
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
