/** How storage is reached: by a proxy or past it, by name or address, and whom to trust there. */
import t, { type Test } from 'tap';
import { makeCertificates } from './certificates.ts';
import { startMock } from './mock.ts';
import { startProxy } from './proxy-server.ts';
import { type TakerWishes, take, takerOf } from './rig.ts';

/** A name that this machine cannot resolve: only the proxy can lead there. */
const NAME = 'account.blob.test';
const certificates = makeCertificates(`DNS:${NAME},IP:127.0.0.1`);
const { ca } = certificates;
t.teardown(() => certificates.remove());

interface Wishes {
  readonly host?: string;
  /** Of the proxy, to a tunnel. */
  readonly status?: number;
  /** Where the proxy is set. */
  readonly set: (proxy: string) => Pick<TakerWishes, 'proxy' | 'env' | 'files'>;
  readonly encrypted?: boolean;
}

async function rig(t: Test, { host = NAME, status, set, encrypted = false }: Wishes) {
  const storage = await startMock(() => ({ status: 201, headers: { 'x-ms-snapshot': 'now' } }), certificates);
  const proxy = await startProxy(status);
  t.teardown(() => Promise.all([storage.close(), proxy.close()]));
  if (encrypted) storage.behave(({ method }) => ({ status: method === 'GET' ? 200 : 201, headers: ENCRYPTED }));
  const job = {
    blobSasUris: [`https://${host}:${storage.port}/vhds/0?sig=SECRET`],
    disks: { luns: [], anyExcluded: false, encrypted, instantAccessMinutes: undefined },
  };
  const took = await take(await takerOf(t, { ca, ...set(proxy.url), job }));
  return { storage, proxy, took, port: storage.port };
}

const ENCRYPTED = { 'x-ms-snapshot': 'now', 'x-ms-meta-diskencryptionsettings': 'key 1' };
const CONF = '/etc/waagent.conf';
const agentConf = (proxy: string): string =>
  `HttpProxy.Host=127.0.0.1\nHttpProxy.Port=${new URL(proxy).port}\nExtensions.Enabled=y\n`;

const PLACES: Readonly<Record<string, Wishes['set']>> = {
  'our configuration': (url) => ({ proxy: { url } }),
  'our environment': (url) => ({ env: { https_proxy: url } }),
  'our configuration, which goes before the environment': (url) => ({
    proxy: { url },
    env: { https_proxy: 'http://127.0.0.1:9' },
  }),
  'the configuration of the VM agent': (url) => ({ files: { [CONF]: agentConf(url) } }),
};
for (const [name, set] of Object.entries(PLACES)) {
  t.test(`by the proxy of ${name}`, async (t) => {
    const { storage, proxy, took, port } = await rig(t, { set });
    t.equal(took.error, undefined);
    t.strictSame(proxy.tunnels, [`${NAME}:${port}`, `${NAME}:${port}`], 'the port of the SAS is kept');
    t.equal(storage.received[0]?.headers.host, `${NAME}:${port}`);
  });
}

t.test('what is asked before the freeze goes the same way', async (t) => {
  const { storage, proxy, took } = await rig(t, { set: PLACES['our configuration'] as Wishes['set'], encrypted: true });
  t.equal(took.error, undefined);
  t.equal(proxy.tunnels.length, 3);
  const [asked, taken] = storage.received;
  t.match(asked, {
    method: 'GET',
    path: '/vhds/0?sig=SECRET&comp=metadata',
    headers: { 'x-ms-version': '2018-03-28' },
  });
  t.match(taken, { method: 'PUT', headers: { 'x-ms-meta-diskencryptionsettings': 'key 1' } });
});

t.test('past the proxy, where the list of exceptions says so', async (t) => {
  const set = (url: string) => ({ env: { https_proxy: url, no_proxy: '127.0.0.1' } });
  const { proxy, took } = await rig(t, { host: '127.0.0.1', set });
  t.equal(took.error, undefined);
  t.strictSame(proxy.tunnels, []);
});

t.test('a proxy that refuses, or asks for a password', async (t) => {
  for (const status of [403, 407]) {
    const { took } = await rig(t, { set: (url) => ({ proxy: { url } }), status });
    t.match(took.error, {
      code: 'azure.unreachable',
      message: new RegExp(`by the proxy 127.0.0.1:\\d+: .* answers ${status}`),
    });
    t.notMatch(took.error?.stack, /SECRET/);
  }
});

t.test('a certificate for somebody else', async (t) => {
  const others = makeCertificates('DNS:other.blob.test');
  const storage = await startMock(() => 'hang', others);
  t.teardown(async () => {
    await storage.close();
    others.remove();
  });
  const blobSasUris = [`https://127.0.0.1:${storage.port}/vhds/0?sig=SECRET`];
  const { error } = await take(await takerOf(t, { ca: others.ca, job: { blobSasUris } }));
  t.match(error, { code: 'azure.unreachable', message: /altnames|does not match/ });
});

t.test('a test does not leave loopback', async (t) => {
  const blobSasUris = ['https://account.blob.core.windows.net/vhds/0?sig=SECRET'];
  t.match((await take(await takerOf(t, { job: { blobSasUris } }))).error, { code: 'test.network' });
  const hostUrl = 'http://168.63.129.16/metadata/recsvc/snapshot/';
  t.match((await take(await takerOf(t, { hostUrl, job: {} }))).error, { code: 'test.network' });
});
