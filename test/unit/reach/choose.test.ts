import t from 'tap';
import { serviceEndpointsFor } from '../../../agent/reach/choose.ts';
import { cloudOf } from '../../../agent/reach/clouds.ts';
import { endpointAt, hopOf, hopText } from '../../../agent/reach/endpoint.ts';
import { storageHosts } from '../../../agent/reach/storage-hosts.ts';
import { type FakeSystem, fakeSystem } from '../../fakes/system.ts';

const machine = (files: Record<string, string> = {}): FakeSystem => {
  const system = fakeSystem({ files });
  t.teardown(system.cleanUp);
  return system;
};
const urls = async (system: FakeSystem, choice: Parameters<typeof serviceEndpointsFor>[1]) =>
  (await serviceEndpointsFor(system, choice)).map(({ url }) => url);

t.test('whom a backup needs', async (t) => {
  const system = machine();
  t.strictSame(await urls(system, { named: [] }), ['https://login.microsoftonline.com']);
  const europe = { environment: 'AzurePublicCloud', location: 'westeurope' };
  t.strictSame(await urls(system, { named: [], imds: europe }), [
    'https://login.microsoftonline.com',
    'https://pod01-rec2.we.backup.windowsazure.com',
  ]);
  const government = { environment: 'AzureUSGovernmentCloud', location: 'usgovvirginia' };
  t.strictSame(await urls(system, { named: [], imds: government }), [
    'https://login.microsoftonline.us',
    'https://pod01-rec2.ugv.backup.windowsazure.us',
  ]);
  const unknown = { environment: 'AzureUSGovernmentCloud', location: 'usgovnowhere' };
  t.strictSame(await urls(system, { named: [], imds: unknown }), ['https://login.microsoftonline.us']);
  t.strictSame(await urls(system, { named: [], imds: europe, cloud: 'china' }), [
    'https://login.chinacloudapi.cn',
    'https://pod01-rec2.we.backup.windowsazure.cn',
  ]);
  t.strictSame(await urls(system, { named: ['a.example:8443', '//x'], imds: europe }), ['https://a.example:8443']);
  t.equal(cloudOf('AzureStack'), 'public');
});

t.test('storage that the VM agent knows', async (t) => {
  const manifest = (host: string) => `<Uri>https://${host}/c/a.zip?sv=1&amp;sig=s3cret</Uri>`;
  const system = machine({
    '/var/lib/waagent/history/2026-01-01T00-00-00.zip': 'PK',
    '/var/lib/waagent/history/2026-02-01_1/ExtensionsConfig.xml': manifest('MD-x.z12.blob.storage.azure.net'),
    '/var/lib/waagent/history/2026-02-01_1/waagent_status.json': manifest('not.blob.core.windows.net'),
    '/var/lib/waagent/Contoso.A.1.manifest.xml': manifest('one.blob.core.windows.net'),
    '/var/lib/waagent/Contoso.B.1.manifest.xml': manifest('two.blob.core.usgovcloudapi.net'),
  });
  t.strictSame(await storageHosts(system), ['md-x.z12.blob.storage.azure.net', 'one.blob.core.windows.net']);
  t.match(await serviceEndpointsFor(system, { named: [] }), [{ purpose: 'storage' }, {}, { purpose: 'identity' }]);
  t.strictSame(await storageHosts(machine()), []);
});

t.test('addresses as people write them', async (t) => {
  const text = (word: string) => hopText(hopOf(new URL(endpointAt(word)?.url ?? 'http://none')));
  t.equal(text('a.example'), 'a.example:443');
  t.equal(text('a.example:8443'), 'a.example:8443');
  t.equal(text('[fd00::8]:1'), '[fd00::8]:1');
  for (const wrong of ['', 'toString'.repeat(5000), 'http://a', 'a/b', 'u:p@a', 'a:99999', 'fd00::8', 'a b', '*.x/']) {
    t.equal(endpointAt(wrong), undefined, wrong);
  }
});
