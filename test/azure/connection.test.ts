/** When a connection that waits may be used, and when not. */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import t from 'tap';
import { Connection } from '../../extensions/azure/takers/connection.ts';
import { limit, until } from './rig.ts';

t.test('an answer that comes before the request is through: the connection is not free yet', async (t) => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      socket.pause();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const connection = await Connection.open({ url }, limit());
  t.teardown(() => {
    connection.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  t.ok(connection.ready);
  // More than both kernels keep for who does not read.
  const body = 'x'.repeat(32 * 1024 * 1024);
  const answer = await connection.send({ method: 'POST', path: '/', headers: {}, body }, limit());
  t.equal(answer.status, 200);
  t.notOk(connection.ready, 'Node is still writing to it');
  for (const socket of sockets) socket.resume();
  await until(() => connection.ready);
  t.pass('and lets go of it once that is done');
});

t.test('a signal that comes first: the connection is of no use any more', async (t) => {
  const server = createServer((socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const connection = await Connection.open({ url }, limit());
  const control = new AbortController();
  const sent = connection.send({ method: 'PUT', path: '/', headers: {} }, control.signal);
  t.notOk(connection.ready, 'one request at a time');
  control.abort(new Error('the freeze is lost'));
  await t.rejects(sent, { message: 'the freeze is lost' });
  t.notOk(connection.ready);
  await t.rejects(connection.send({ method: 'PUT', path: '/', headers: {} }, limit()), { message: /was lost/ });
});

t.test('a server that takes its leave unasked', async (t) => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  for (const greeted of [true, false]) {
    const connection = await Connection.open({ url }, limit());
    if (greeted) await connection.greet({ method: 'HEAD', path: '/', headers: {} }, limit());
    t.ok(connection.ready);
    await until(() => sockets.length > 0);
    sockets.pop()?.write('HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n');
    await Promise.race([until(() => !connection.ready), new Promise((resolve) => setTimeout(resolve, 5000))]);
    t.notOk(connection.ready, 'what it says is no answer to the next request');
    connection.close();
  }
});
