/** `quiesced proxy test` against real proxies: each is named for what it does. */
import { existsSync } from 'node:fs';
import { createServer as createHttps } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { tryWays } from '../../agent/proxy/trial.ts';
import { fakeSystem } from '../fakes/system.ts';
import { checkTest, conforms, type Ended, type Rig } from '../program/check-rig.ts';
import { type Certificate, makeAuthority, makeCertificate } from './certificates.ts';
import {
  ALLOW,
  blackHole,
  folderFor,
  freePort,
  opening,
  SQUID,
  STORAGE,
  squid,
  TINYPROXY,
  tinyproxy,
  withPassword,
} from './servers.ts';

const BUNDLE = '/etc/ssl/certs/ca-certificates.crt';
const missing = [SQUID, TINYPROXY].filter((path) => !existsSync(path));
if (missing.length > 0) t.fail(`not installed: ${missing.join(' ')} (see test/proxies/setup.ts)`);

/** A server on loopback that ends with its test, and all its connections with it. */
async function listening(t: Test, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

/** What stands for Azure's storage: it answers 400 to everybody, as that does. */
const storage = (t: Test, certificate: Certificate): Promise<number> =>
  listening(
    t,
    createHttps(certificate, (_, response) => response.writeHead(400).end()),
  );

interface Scene {
  readonly folder: string;
  readonly endpoint: string;
  test(proxy: string, ...more: readonly string[]): Promise<Ended>;
}

const scene = (title: string, body: (t: Test, scene: Scene, rig: Rig) => Promise<void>): void =>
  checkTest(title, async (t, rig) => {
    const folder = folderFor(t);
    rig.put(BUNDLE, makeAuthority(folder, 'ours', 'Ours').pem);
    const port = await storage(t, makeCertificate(folder, 'ours', 'storage', ['localhost', STORAGE]));
    const endpoint = `${STORAGE}:${port}`;
    const test = async (proxy: string, ...more: readonly string[]) => {
      const ended = await rig.run('proxy', 'test', '--url', proxy, '--endpoint', endpoint, '--json', ...more);
      conforms(t, 'proxy-test', ended.json);
      return ended;
    };
    await body(t, { folder, endpoint, test }, rig);
  });

const stepsOf = ({ json }: Ended): readonly string[] => json.tried[0].steps.map(({ step }: { step: string }) => step);

scene('those that let us through', async (t, { folder, test, endpoint }, rig) => {
  const proxies = { squid: await squid(t, folder, { lines: [ALLOW] }), tinyproxy: await tinyproxy(t, folder) };
  for (const [name, proxy] of Object.entries(proxies)) {
    const ended = await test(proxy);
    t.match(ended, { code: 0, json: { reached: true, tried: [{ proxy, endpoint, status: 400, issuer: 'Ours' }] } });
    t.strictSame(stepsOf(ended), ['resolve', 'connect', 'tunnel', 'tls', 'http'], name);
    t.notOk('message' in ended.json.tried[0], 'an authority of its own is theirs to have');
  }
  const direct = await rig.run('proxy', 'test', '--endpoint', endpoint.replace(STORAGE, 'localhost'));
  t.match(direct, { code: 0, stdout: /^Directly:\n {2}ok {4}localhost:\d+ \(chosen, for logins; resolve/ });
  t.match(direct.stdout, /Everything is reached\.\n$/);
});

scene('one that asks for a password', async (t, { folder, test }) => {
  const asking = await squid(t, folder, { lines: withPassword(folder) });
  t.match(await test(asking), {
    code: 1,
    json: { tried: [{ fault: 'proxy.authentication', message: /407 \(Basic\)/ }] },
  });
  const other = await tinyproxy(t, folder, ['BasicAuth somebody secret']);
  t.match(await test(other), { code: 1, json: { tried: [{ fault: 'proxy.authentication' }] } });
});

scene('one that forbids, and one that gets no further itself', async (t, { folder, test }, rig) => {
  const forbidding = await squid(t, folder, { lines: ['http_access deny all'] });
  t.match(await test(forbidding), { code: 1, json: { tried: [{ fault: 'proxy.forbids', message: /403/ }] } });
  const nobody = `${STORAGE}:${await freePort()}`;
  for (const proxy of [await squid(t, folder, { lines: [ALLOW] }), await tinyproxy(t, folder)]) {
    const { code, json } = await rig.run('proxy', 'test', '--url', proxy, '--endpoint', nobody, '--json');
    t.match({ code, json }, { code: 1, json: { tried: [{ fault: 'proxy.cannot', message: /answers 50\d/ }] } });
  }
});

scene('one that never answers, one that resets, one that is none, and nobody', async (t, { test, endpoint }) => {
  const silent = await listening(t, createServer());
  t.match(await test(`http://127.0.0.1:${silent}`), { code: 1, json: { tried: [{ fault: 'proxy.silent' }] } });
  const resetting = await listening(
    t,
    createServer((socket) => socket.once('data', () => socket.resetAndDestroy())),
  );
  t.match(await test(`http://127.0.0.1:${resetting}`), { code: 1, json: { tried: [{ fault: 'proxy.closes' }] } });
  const other = await listening(
    t,
    createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')),
  );
  t.match(await test(`http://127.0.0.1:${other}`), { json: { tried: [{ fault: 'proxy.not-http' }] } });
  t.match(await test(`http://127.0.0.1:${await freePort()}`), { json: { tried: [{ fault: 'tcp.refused' }] } });
  t.match(await test('http://nobody.invalid:3128'), { json: { tried: [{ fault: 'dns.unknown', endpoint }] } });
});

scene('one that swallows every packet', async (t, { test }) => {
  const proxy = await blackHole(t);
  const others = Array.from({ length: 5 }, (_, index) => ['--endpoint', `${STORAGE}:${index + 1}`]).flat();
  const { code, json } = await test(proxy, ...others);
  t.equal(code, 1);
  t.equal(json.tried.length, 6);
  for (const { fault, steps } of json.tried) {
    t.equal(fault, 'tcp.silent');
    const ms = steps.reduce((sum: number, step: { ms: number }) => sum + step.ms, 0);
    t.ok(ms <= 15_000, `given up after ${ms} ms, all at the same time`);
  }
});

scene('one that opens TLS', async (t, { folder, test, endpoint }, rig) => {
  const theirs = makeAuthority(folder, 'theirs', 'Inspection of Example Inc');
  const proxy = await squid(t, folder, opening(folder, 'theirs', `${folder}/ours.pem`));
  const ended = await test(proxy);
  t.match(ended, { code: 1, json: { tried: [{ fault: 'tls.intercepted', message: /Inspection of Example Inc/ }] } });
  rig.put(BUNDLE, theirs.pem);
  t.match(await test(proxy), { code: 0, json: { tried: [{ issuer: 'Inspection of Example Inc' }] } });

  // For a name of Azure's it is told, though it works: nobody but this machine trusts that authority.
  const system = fakeSystem({
    files: { [BUNDLE]: theirs.pem },
    programs: { getent: { stdout: '127.0.0.1 STREAM\n' } },
  });
  t.teardown(system.cleanUp);
  const [trial] = await tryWays(
    system,
    [{ id: 'agent', proxy, bypass: [] }],
    [{ purpose: 'storage', url: `https://${endpoint}` }],
    20_000,
  );
  t.equal(trial?.fault, undefined);
  t.match(trial?.diagnosis, { message: /Inspection of Example Inc, which this machine trusts and nobody else/ });
});

scene('a certificate for another name, and one of nobody', async (t, { folder }, rig) => {
  const wrong = await storage(t, makeCertificate(folder, 'ours', 'wrong', ['other.example']));
  const at = async (port: number) => (await rig.run('proxy', 'test', '--endpoint', `localhost:${port}`, '--json')).json;
  t.match(await at(wrong), { tried: [{ fault: 'tls.invalid', message: /ALTNAME/ }] });
  const plain = await listening(
    t,
    createServer((socket) => socket.end('HTTP/1.1 400 No\r\n\r\n')),
  );
  t.match(await at(plain), { tried: [{ fault: 'tls.failed' }] });
  const cutting = await listening(
    t,
    createServer((socket) => socket.once('data', () => socket.resetAndDestroy())),
  );
  t.match(await at(cutting), { tried: [{ fault: 'tls.closes' }] });
});

scene('each program by the way that is set for it', async (t, { folder, endpoint }, rig) => {
  const proxy = await squid(t, folder, { lines: [ALLOW] });
  rig.put('/usr/lib/systemd/system/walinuxagent.service', '[Service]\nExecStart=/usr/sbin/waagent -daemon\n');
  rig.put('/etc/waagent.conf', 'Extensions.Enabled=y\n');
  await rig.run('proxy', 'apply', '--url', proxy, '--no-restart');
  rig.put('/etc/environment', 'https_proxy=http://somebody:s3cret@127.0.0.1:1\n');
  rig.put('/etc/quiesced/quiesced.conf', `[proxy]\nendpoints = ${endpoint}\n`);
  const { json, stdout, stderr } = await rig.run('proxy', 'test', '--json');
  t.match(json.tried, [
    { consumers: ['agent', 'extensions'], proxy, endpoint, status: 400 },
    { consumers: ['logins'], endpoint, fault: 'tcp.refused' },
  ]);
  t.notMatch(`${stdout}${stderr}`, /s3cret/);
  const direct = endpoint.replace(STORAGE, 'localhost');
  const { json: excepted } = await rig.run('proxy', 'test', '--endpoint', direct, '--json');
  t.match(excepted.tried[0], { consumers: ['agent', 'extensions'], endpoint: direct, status: 400 });
  t.notOk('proxy' in excepted.tried[0], 'localhost is in the list of exceptions that apply writes');
});
