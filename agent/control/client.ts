import { errnoOf, messageOf, UserError } from '../errors.ts';
import { http } from '../system/http.ts';
import { assertServedByAdministrator, isPipe } from '../system/pipe-windows.ts';
import { type ErrorReply, ROUTES, type RouteName } from './protocol.ts';

const MAX_REPLY_BYTES = 4 * 1024 * 1024;

export interface Question {
  readonly body?: unknown;
  /** The longest without a sign of life; a run that takes longer sends some. */
  readonly silenceMs: number;
  /** It is being done, and not refused for what somebody else does; may be called more than once. */
  readonly onSign?: () => void;
}

/** Asks whoever listens on the endpoint; undefined when nobody does. Throws its error, or when it does not answer. */
export async function ask<Reply>(endpoint: string, route: RouteName, question: Question): Promise<Reply | undefined> {
  let reply: { readonly status: number; readonly body: string };
  try {
    if (isPipe(endpoint)) await assertServedByAdministrator(process, endpoint);
    reply = await exchange(endpoint, route, question);
  } catch (error) {
    if (['ENOENT', 'ECONNREFUSED'].includes(errnoOf(error) ?? '')) return undefined;
    if (error instanceof UserError) throw error;
    throw noAnswer(messageOf(error), error);
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

function exchange(
  socketPath: string,
  route: RouteName,
  { body, silenceMs, onSign }: Question,
): Promise<{ status: number; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const { method, path } = ROUTES[route];
  const call = http.request({ socketPath, method, path, headers: { connection: 'close' } }, (response) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > MAX_REPLY_BYTES) call.destroy(new Error('the answer is too long'));
    });
    response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
    response.on('error', reject);
  });
  let signs = 0;
  const silence = setTimeout(() => {
    const before = signs;
    // What lies there is read first: it may have been this process that stood still.
    setImmediate(() => {
      if (signs === before) call.destroy(new Error(`nothing came within ${silenceMs / 1000} s`));
    });
  }, silenceMs);
  call.on('information', () => {
    signs += 1;
    silence.refresh();
    onSign?.();
  });
  call.on('error', reject);
  call.end(body === undefined ? undefined : JSON.stringify(body));
  return promise.finally(() => clearTimeout(silence));
}
