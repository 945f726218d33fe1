import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { ask } from '../../../agent/control/client.ts';
import { endpointOf } from '../../../agent/control/endpoint.ts';
import { ROUTES } from '../../../agent/control/protocol.ts';
import { startServer } from '../../../agent/control/server.ts';
import { UserError } from '../../../agent/errors.ts';
import { localSystem } from '../../../agent/system/local.ts';
import { silenceOf } from '../../../agent/system/waits.ts';
import { until } from '../freezer/rig.ts';
import { endpointIn, free, raw, serving, type Teardown } from './serving.ts';

/** A server that is not ours. */
async function strange(t: Teardown, listener: RequestListener): Promise<string> {
  const endpoint = endpointIn(t);
  const server = createHttpServer(listener);
  await new Promise<void>((resolve) => server.listen(endpoint, resolve));
  t.teardown(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return endpoint;
}

t.test('asks, and is answered', async (t) => {
  const { endpoint } = await serving(t, {
    status: async () => ({ schema: 1, state: 'held' }),
    release: async () => ({ schema: 1, consistency: 'file-system', frozen: ['/données'] }),
  });
  t.strictSame(await ask(endpoint, 'status', { silenceMs: 20_000 }), { schema: 1, state: 'held' });
  t.match(await ask(endpoint, 'release', { silenceMs: 20_000 }), { consistency: 'file-system', frozen: ['/données'] });
  t.match(await raw(endpoint, 'GET', '/v1/status'), { status: 200, type: 'application/json' });
});

t.test('what is not listed does not exist', async (t) => {
  let touched = false;
  const touch = async () => {
    touched = true;
  };
  const { endpoint } = await serving(t, { status: touch, release: touch });
  const strangers = [
    'POST /v1/status',
    'GET /v1/holds/current',
    'GET /',
    'GET /v1/status/',
    'GET /v1/status?x=1',
    'DELETE /v2/holds/current',
  ];
  for (const each of strangers) {
    const [method = '', path = ''] = each.split(' ');
    const { status, body } = await raw(endpoint, method, path);
    t.equal(status, 404, each);
    t.match(JSON.parse(body), { schema: 1, error: { code: 'control.unknown', message: `there is no ${each}` } });
  }
  t.notOk(touched);
  const always = Object.entries(ROUTES).filter(([, route]) => 'always' in route);
  t.strictSame(always.map(([name]) => name).sort(), ['release', 'status'], 'while frozen nothing else answers');
});

t.test('an error of ours keeps its code and remedy, a bug is called one', async (t) => {
  const { endpoint } = await serving(t, {
    status: () => Promise.reject(new UserError('hold.busy', 'it is being left', { remedy: 'Wait.' })),
    release: () => Promise.reject(new TypeError('x is undefined')),
  });
  t.equal((await raw(endpoint, 'GET', '/v1/status')).status, 409);
  await t.rejects(ask(endpoint, 'status', { silenceMs: 20_000 }), {
    code: 'hold.busy',
    message: 'it is being left',
    remedy: 'Wait.',
  });
  t.equal((await raw(endpoint, 'DELETE', '/v1/holds/current')).status, 500);
  await t.rejects(ask(endpoint, 'release', { silenceMs: 20_000 }), {
    code: 'internal',
    message: 'x is undefined',
    remedy: undefined,
  });
});

t.test('nobody is there', async (t) => {
  const endpoint = endpointIn(t);
  t.equal(await ask(endpoint, 'status', { silenceMs: 20_000 }), undefined, 'no socket');
  await leaveStaleSocket(endpoint);
  t.ok(existsSync(endpoint));
  t.equal(await ask(endpoint, 'status', { silenceMs: 20_000 }), undefined, 'a socket that a dead process left');
  t.equal(
    await ask(join(endpoint, 'deeper'), 'status', { silenceMs: 20_000 }).catch((error) => error.code),
    'control.no-answer',
  );
});

t.test('a socket that a dead process left is replaced', async (t) => {
  const endpoint = endpointIn(t);
  await leaveStaleSocket(endpoint);
  const server = await startServer(endpoint, { routes: { status: async () => 1, release: async () => 2 }, busy: free });
  t.equal(await ask(endpoint, 'status', { silenceMs: 20_000 }), 1);
  await server.close();
  t.equal(await ask(endpoint, 'status', { silenceMs: 20_000 }), undefined);
});

t.test('what cannot be listened on is an error, not silence', async (t) => {
  const endpoint = endpointIn(t);
  mkdirSync(endpoint);
  const handlers = { routes: { status: async () => 1, release: async () => 2 }, busy: free };
  await t.rejects(startServer(endpoint, handlers), { code: /EISDIR|EPERM/ });
  await t.rejects(startServer(join(endpoint, 'absent', 'q.sock'), handlers), { code: /ENOENT|EACCES/ });
});

/** Closed without being removed, as after a SIGKILL. */
async function leaveStaleSocket(endpoint: string): Promise<void> {
  const moved = `${endpoint}.moved`;
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(moved, resolve));
  renameSync(moved, endpoint);
  await new Promise((resolve) => server.close(resolve));
}

const NO_ANSWER = { code: 'control.no-answer', remedy: /quiesced status/ };

t.test('one that never answers is given up in time, and told so', async (t) => {
  const { endpoint } = await serving(t, { status: () => new Promise(() => undefined) });
  await t.rejects(ask(endpoint, 'status', { silenceMs: 150 }), {
    ...NO_ANSWER,
    message: /nothing came within 0\.15 s/,
  });
});

t.test('an answer that lay there while this process stood still is one', async (t) => {
  const endpoint = await strange(t, (_, response) => {
    response.end('{"schema":1}');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  });
  t.strictSame(await ask(endpoint, 'status', { silenceMs: 150 }), { schema: 1 });
});

t.test('one that begins to answer and then stops is given up too', async (t) => {
  const endpoint = await strange(t, (_, response) => {
    response.writeHead(200).write('{"schema":');
  });
  await t.rejects(ask(endpoint, 'status', { silenceMs: 150 }), NO_ANSWER);
});

t.test('one that hangs up in the middle', async (t) => {
  const endpoint = await strange(t, (_, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('{"schema":');
    setTimeout(() => response.destroy(), 20);
  });
  await t.rejects(ask(endpoint, 'status', { silenceMs: 20_000 }), NO_ANSWER);
  const silent = await strange(t, (message) => message.socket.destroy());
  await t.rejects(ask(silent, 'status', { silenceMs: 20_000 }), NO_ANSWER);
});

t.test('an answer that has no end is not read to its end', async (t) => {
  const endpoint = await strange(t, (_, response) => {
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(64 * 1024)));
    };
    response.on('drain', more);
    more();
  });
  await t.rejects(ask(endpoint, 'status', { silenceMs: 20_000 }), { ...NO_ANSWER, message: /too long/ });
});

t.test('an answer that is none of ours', async (t) => {
  const answers: readonly (readonly [number, string])[] = [
    [200, 'hello'],
    [200, ''],
    [200, 'null'],
    [404, 'not found'],
    [404, '{}'],
    [500, '"text"'],
    [204, ''],
  ];
  for (const [status, body] of answers) {
    const endpoint = await strange(t, (_, response) => {
      response.writeHead(status).end(status === 204 ? undefined : body);
    });
    await t.rejects(
      ask(endpoint, 'status', { silenceMs: 20_000 }),
      { ...NO_ANSWER, message: /not understood/ },
      `${status} ${body}`,
    );
  }
});

t.test('closing waits for a reply that is under way, and for nobody who asks for nothing', async (t) => {
  const [begun, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<unknown>()];
  const { endpoint, server } = await serving(t, {
    release() {
      begun.resolve();
      return answer.promise;
    },
  });
  const asked = ask(endpoint, 'release', { silenceMs: 20_000 });
  const idle = connect(endpoint);
  await new Promise((resolve) => idle.once('connect', resolve));
  await begun.promise;
  await until('both are there', () => server.connections === 2);
  const limit = silenceOf(3000);
  const closed = server.close();
  answer.resolve({ done: true });
  t.strictSame(await asked, { done: true });
  await closed;
  t.notOk(limit.aborted);
  idle.destroy();
});

t.test('a request too large is turned away without harm', async (t) => {
  const { endpoint } = await serving(t);
  t.equal((await raw(endpoint, 'GET', `/${'x'.repeat(20_000)}`)).status, 431);
  t.strictSame(await ask(endpoint, 'status', { silenceMs: 20_000 }), {});
});

t.test('the endpoint is below the root of a test', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'quiesced-unit-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  t.equal(endpointOf(localSystem({ root, env: {} })), join(root, 'run/quiesced/control/quiesced.sock'));
  t.equal(endpointOf({ ...localSystem({ env: {} }), platform: 'windows' }), '\\\\.\\pipe\\quiesced');
});
