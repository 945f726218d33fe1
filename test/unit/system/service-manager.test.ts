import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { openServiceManager, withoutServiceManager } from '../../../agent/system/service-manager.ts';
import { receiverAt } from './datagrams.ts';

const folder = mkdtempSync(join(tmpdir(), 'quiesced-unit-'));
t.teardown(() => rmSync(folder, { recursive: true }));
const us = String(process.pid);
let count = 0;

async function managed(t: { teardown(last: () => void): unknown }, env: Record<string, string> = {}) {
  const path = join(folder, `notify${++count}`);
  const receiver = await receiverAt(t, path);
  const manager = await openServiceManager({ env: { NOTIFY_SOCKET: path, ...env } });
  t.teardown(() => manager.close());
  return { manager, next: async () => (await receiver.next()).data.toString(), waiting: receiver.waiting };
}

t.test('without a service manager nothing happens', async (t) => {
  for (const env of [{}, { NOTIFY_SOCKET: '' }]) {
    const manager = await openServiceManager({ env });
    t.notOk(manager.present);
    t.equal(manager.listenFd, undefined);
    manager.ready('x');
    manager.status('x');
    manager.stopping('x');
    manager.close();
  }
});

t.test('says how it stands', async (t) => {
  const { manager, next } = await managed(t);
  t.ok(manager.present);
  manager.ready('Waiting');
  manager.status('Frozen\nREADY=0');
  manager.stopping('Thawing');
  t.equal(await next(), 'READY=1\nSTATUS=Waiting');
  t.equal(await next(), 'STATUS=Frozen READY=0', 'a line break does not begin another assignment');
  t.equal(await next(), 'STOPPING=1\nSTATUS=Thawing');
});

t.test('feeds the watchdog twice as often as it asks, until the end', async (t) => {
  const { manager, next, waiting } = await managed(t, { WATCHDOG_USEC: '400000', WATCHDOG_PID: us });
  // Whatever holds this process up holds up its waits as well.
  for (let turn = 0; turn < 10; turn += 1) await sleep(200);
  manager.status('the last');
  manager.close();
  manager.close();
  let fed = 0;
  for (let said = await next(); said !== 'STATUS=the last'; said = await next()) {
    t.equal(said, 'WATCHDOG=1');
    fed += 1;
  }
  t.ok(fed > 7 && fed < 13, `${fed} in five times what it asks`);
  await sleep(500);
  t.equal(waiting(), 0);
});

t.test('also when no process is named', async (t) => {
  t.equal(await (await managed(t, { WATCHDOG_USEC: '1000' })).next(), 'WATCHDOG=1');
});

const NOT_ASKED = [
  { WATCHDOG_USEC: '1000', WATCHDOG_PID: '1' },
  { WATCHDOG_USEC: '0', WATCHDOG_PID: us },
  { WATCHDOG_USEC: 'soon', WATCHDOG_PID: us },
  { WATCHDOG_PID: us },
];
t.test('feeds none that it was not asked to feed', async (t) => {
  for (const env of NOT_ASKED) {
    const { manager, next } = await managed(t, env);
    await sleep(30);
    manager.status('first');
    t.equal(await next(), 'STATUS=first', JSON.stringify(env));
  }
});

t.test('one that went away is not missed', async (t) => {
  const manager = await openServiceManager({ env: { NOTIFY_SOCKET: join(folder, 'nobody') } });
  t.doesNotThrow(() => manager.ready('x'));
  manager.close();
  t.doesNotThrow(() => manager.close());
});

t.test('one socket for us is served; another process’s is not; two are an error', async (t) => {
  const fdOf = async (env: Record<string, string>) => (await openServiceManager({ env })).listenFd;
  t.equal(await fdOf({ LISTEN_FDS: '1', LISTEN_PID: us }), 3);
  t.equal(await fdOf({ LISTEN_FDS: '1', LISTEN_PID: '1' }), undefined);
  t.equal(await fdOf({ LISTEN_FDS: '1' }), undefined);
  t.equal(await fdOf({ LISTEN_PID: us }), undefined);
  const two = openServiceManager({ env: { LISTEN_FDS: '2', LISTEN_PID: us } });
  await t.rejects(two, { code: 'service.sockets', message: /2 sockets/, remedy: /quiesced.socket/ });
});

t.test('of what it gave us nothing is left for a child', async (t) => {
  const given = { NOTIFY_SOCKET: '/x', WATCHDOG_USEC: '1', WATCHDOG_PID: us, LISTEN_FDS: '1', LISTEN_PID: us };
  const env = { PATH: '/bin', LISTEN_FDNAMES: 'a', ...given };
  t.strictSame(withoutServiceManager(env), { PATH: '/bin' });
});

/** A process that was given a listening socket as descriptor 3, and starts a child: does that one have it too? */
const PARENT = `
  const { spawnSync } = require('node:child_process');
  const { readlinkSync } = require('node:fs');
  const said = spawnSync('/bin/sh', ['-c', 'readlink /proc/self/fd/3 || echo none'], { env: { PATH: '/bin:/usr/bin' } });
  process.stdout.write(JSON.stringify({ own: readlinkSync('/proc/self/fd/3'), childs: said.stdout.toString().trim() }));
`;

t.test('the socket itself does not get to a child either', async (t) => {
  const server: Server = createServer().listen(join(folder, 'listening'));
  await once(server, 'listening');
  t.teardown(() => void server.close());
  // biome-ignore lint/suspicious/noExplicitAny: the descriptor is not in Node's types
  const { fd } = (server as any)._handle;
  const child = spawn(process.execPath, ['-e', PARENT], { stdio: ['ignore', 'pipe', 'inherit', fd], env: {} });
  const [said] = await once(child.stdout, 'data');
  const { own, childs } = JSON.parse(String(said));
  t.match(own, /^socket:/);
  t.equal(childs, 'none');
});
