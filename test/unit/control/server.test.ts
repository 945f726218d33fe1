import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { ask } from '../../../agent/control/client.ts';
import { ROUTES, type RouteName } from '../../../agent/control/protocol.ts';
import type { Handlers } from '../../../agent/control/server.ts';
import { startServer } from '../../../agent/control/server.ts';
import { UserError } from '../../../agent/errors.ts';
import { silenceOf } from '../../../agent/system/waits.ts';
import { endpointIn, free, raw, rawClient, serving } from './serving.ts';

const names = Object.keys(ROUTES) as RouteName[];
const every = (answer: (name: RouteName) => Promise<unknown>): Handlers['routes'] =>
  Object.fromEntries(names.map((name) => [name, () => answer(name)]));

t.test('a body is read to its end, and what is no JSON is refused', async (t) => {
  const { endpoint } = await serving(t, { hold: async (body) => ({ body }) });
  const post = async (text: string | Buffer) => {
    const { status, body } = await raw(endpoint, 'POST', '/v1/holds', text);
    return [status, JSON.parse(body)];
  };
  t.strictSame(await post('{"mounts":["/données"]}'), [200, { body: { mounts: ['/données'] } }]);
  t.strictSame(await post(''), [200, { body: {} }], 'none is an empty one');
  t.strictSame(await post('null'), [200, { body: null }], 'its shape is for the route to judge');
  for (const text of ['{', '{"kind":}', 'kind=hold', '\0']) {
    const bad = { error: { code: 'control.bad-request', message: /^the body is no JSON: / } };
    t.match(await post(text), [400, bad], JSON.stringify(text));
  }
});

t.test('64 KiB are enough for anybody', async (t) => {
  const { endpoint } = await serving(t, { hold: async (body) => ({ long: JSON.stringify(body).length }) });
  const text = (bytes: number) => JSON.stringify({ text: 'x'.repeat(bytes - 11) });
  t.equal((await raw(endpoint, 'POST', '/v1/holds', text(64 * 1024))).status, 200);
  t.match(await raw(endpoint, 'POST', '/v1/holds', text(64 * 1024 + 1)), { status: 413, body: /control\.too-long/ });
  const dawdles = silenceOf(4500);
  const endless = await rawClient(t, endpoint);
  endless.socket.write('POST /v1/holds HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
  const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
  const more = setInterval(() => endless.socket.write(chunk), 1);
  await endless.closed;
  clearInterval(more);
  t.notOk(dawdles.aborted, 'one that does not say how long it is gets no further either');
  t.equal((await raw(endpoint, 'GET', '/v1/status')).status, 200, 'and the next one is served');
});

t.test('while busy only status and release are answered', async (t) => {
  const asked: string[] = [];
  const busy = () => new UserError('lock.busy', 'one at a time: quiesced hold (process 7)', { remedy: 'Wait.' });
  const routes = every(async (name) => {
    asked.push(name);
    return {};
  });
  const { endpoint } = await serving(t, routes, busy);
  for (const name of names) {
    const { method, path } = ROUTES[name];
    const { status, body } = await raw(endpoint, method, path);
    const always = name === 'status' || name === 'release';
    t.equal(status, always ? 200 : 409, name);
    if (!always) t.match(JSON.parse(body), { error: { code: 'lock.busy', message: /hold/, remedy: 'Wait.' } });
  }
  t.strictSame(asked, ['status', 'release']);
});

t.test('a route that this process does not serve is not there', async (t) => {
  const { endpoint } = await serving(t);
  t.match(await raw(endpoint, 'POST', '/v1/snapshots'), { status: 404, body: /there is no POST \/v1\/snapshots/ });
});

t.test('whoever asked is gone: the handler is told', async (t) => {
  const told = Promise.withResolvers<unknown>();
  const { endpoint, server } = await serving(t, {
    hold: (_, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          told.resolve(signal.reason);
          resolve({});
        });
      }),
  });
  const client = await rawClient(t, endpoint);
  client.socket.write('POST /v1/holds HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n');
  while (!client.text.includes('102')) await sleep(5);
  t.equal(server.connections, 1);
  client.socket.destroy();
  t.match(await told.promise, { code: 'control.client-gone' });
  while (server.connections > 0) await sleep(5);
});

t.test('whoever got the answer is not gone', async (t) => {
  let gone: AbortSignal | undefined;
  const { endpoint } = await serving(t, {
    hold: async (_, signal) => {
      gone = signal;
      return {};
    },
  });
  await ask(endpoint, 'hold', { silenceMs: 20_000 });
  await sleep(50);
  t.equal(gone?.aborted, false);
});

t.test('signs of life keep a slow answer from being given up', async (t) => {
  const { endpoint } = await serving(t, { hold: () => sleep(5000, { slow: true }) });
  let signs = 0;
  const onSign = () => {
    signs += 1;
  };
  t.strictSame(await ask(endpoint, 'hold', { silenceMs: 3500, onSign }), { slow: true });
  t.ok(signs > 1 && signs < 4, `at once, and every two seconds: ${signs}`);
});

t.test('what is refused gives no sign of life: nothing was begun', async (t) => {
  const busy = () => new UserError('lock.busy', 'one at a time');
  const { endpoint } = await serving(t, { hold: async () => ({}) }, busy);
  const onSign = () => t.fail('it was refused');
  await t.rejects(ask(endpoint, 'hold', { silenceMs: 20_000, onSign }), { code: 'lock.busy' });
});

t.test('a client that dawdles is cut off after five seconds, and one that asked is not', async (t) => {
  const { endpoint } = await serving(t, { hold: () => sleep(6500, { slow: true }) });
  const startMs = performance.now();
  const limit = silenceOf(6400);
  const silent = await rawClient(t, endpoint);
  const drip = await rawClient(t, endpoint);
  drip.socket.write('POST /v1/holds HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n');
  const dripping = setInterval(() => drip.socket.write(' '), 100);
  t.teardown(() => clearInterval(dripping));
  const patient = raw(endpoint, 'POST', '/v1/holds', '{}');
  await Promise.all([silent.closed, drip.closed]);
  const tookMs = performance.now() - startMs;
  t.ok(tookMs > 4500 && !limit.aborted, `after ${Math.round(tookMs)} ms`);
  t.notMatch(drip.text, '200');
  t.match(await patient, { status: 200, body: /slow/ });
});

t.test('sixteen at a time', async (t) => {
  const { endpoint, server } = await serving(t);
  const all = await Promise.all(Array.from({ length: 16 }, () => rawClient(t, endpoint)));
  while (server.connections < 16) await sleep(5);
  const oneMore = await rawClient(t, endpoint);
  await oneMore.closed;
  t.equal(server.connections, 16, 'one more is turned away');
  all[0]?.socket.destroy();
  while (server.connections > 15) await sleep(5);
  t.equal((await raw(endpoint, 'GET', '/v1/status')).status, 200);
});

t.test('a socket on which somebody answers is not taken away, and a busy one neither', async (t) => {
  const handlers: Handlers = { routes: { status: async () => ({ second: true }) }, busy: free };
  const { endpoint } = await serving(t, { status: async () => ({ first: true }) });
  await t.rejects(startServer(endpoint, handlers), { code: 'control.in-use', remedy: /quiesced status/ });
  t.strictSame(await ask(endpoint, 'status', { silenceMs: 20_000 }), { first: true });

  const hangs = endpointIn(t);
  const server = createServer(() => undefined).listen(hangs);
  t.teardown(() => void server.close());
  await t.rejects(startServer(hangs, handlers), { code: 'control.in-use' }, 'it need not answer in our words');
});

t.test('what is told of an error holds no secret', async (t) => {
  const { endpoint } = await serving(t, {
    health: () => Promise.reject(new Error('GET https://a.example/?sig=abcdef123456&x=1 failed')),
  });
  const { status, body } = await raw(endpoint, 'GET', '/v1/health');
  t.equal(status, 500);
  t.notMatch(body, 'abcdef123456');
});
