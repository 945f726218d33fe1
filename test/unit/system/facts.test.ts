import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { type FactsOptions, gatherFacts } from '../../../agent/system/facts.ts';
import { type FakeSystemOptions, fakeSystem } from '../../fakes/system.ts';

const facts = async (t: Test, scene: FakeSystemOptions, options: FactsOptions = {}) => {
  const fake = fakeSystem(scene);
  t.teardown(() => fake.cleanUp());
  return gatherFacts({ ...fake, env: { QUIESCED_TEST: '1' } }, options);
};

const TAG = { '/sys/class/dmi/id/chassis_asset_tag': '7783-7084-3265-9085-8269-3286-77\n' };

t.test('a machine that shows everything', async (t) => {
  const files = {
    '/etc/os-release': 'ID=ubuntu\nVERSION_ID="24.04"\nPRETTY_NAME="Ubuntu 24.04.1 LTS"\nID_LIKE=debian\n',
    '/proc/sys/kernel/hostname': 'web-01\n',
    '/proc/sys/kernel/osrelease': '6.8.0-1017-azure\n',
    '/proc/sys/kernel/arch': 'x86_64\n',
    '/proc/meminfo': 'MemTotal:        8138564 kB\nMemFree: 1 kB\n',
    '/proc/cpuinfo': 'processor\t: 0\nflags\t\t: fpu hypervisor\n\nprocessor\t: 1\nflags\t\t: fpu hypervisor\n',
    '/sys/class/dmi/id/sys_vendor': 'Microsoft Corporation\n',
    '/sys/class/dmi/id/product_name': 'Virtual Machine\n',
    '/sys/firmware/efi/fw_platform_size': '64',
    '/run/systemd/system/x': '',
    ...TAG,
  };
  t.strictSame(await facts(t, { files }), {
    platform: 'linux',
    hostname: 'web-01',
    distribution: {
      id: 'ubuntu',
      versionId: '24.04',
      variantId: undefined,
      prettyName: 'Ubuntu 24.04.1 LTS',
      idLike: ['debian'],
    },
    kernel: '6.8.0-1017-azure',
    architecture: 'x86_64',
    hypervisor: 'hyper-v',
    cloud: { name: 'azure', imds: undefined, imdsFault: 'not asked: this is not the running machine' },
    firmware: 'uefi',
    memoryBytes: 8138564 * 1024,
    cpus: 2,
    container: undefined,
    systemd: true,
  });
});

t.test('a machine that shows nothing', async (t) => {
  const { platform, systemd, ...rest } = await facts(t, {});
  t.strictSame({ platform, systemd }, { platform: 'linux', systemd: false });
  t.strictSame(new Set(Object.values(rest)), new Set([undefined]));
});

t.test('firmware', async (t) => {
  t.equal((await facts(t, { files: { '/sys/firmware/acpi/x': '' } })).firmware, 'bios');
  const contained = { '/sys/firmware/acpi/x': '', '/run/systemd/container': 'lxc\n' };
  t.equal((await facts(t, { files: contained })).firmware, undefined, 'a container hides it');
});

/** A loopback IMDS that answers so. */
async function imds(t: Test, status: number, body: unknown, headers: Record<string, string> = {}) {
  const asked: { url: string | undefined; metadata: unknown }[] = [];
  const server = createServer((request, response) => {
    asked.push({ url: request.url, metadata: request.headers.metadata });
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return { asked, imdsEndpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/metadata/instance` };
}

t.test('Azure’s host is asked where the firmware says that it is there', async (t) => {
  const { asked, imdsEndpoint } = await imds(
    t,
    200,
    { compute: { vmSize: 'Standard_D2s_v5', location: 'westeurope', tags: 'secret:x' } },
    { date: 'Sat, 21 Nov 2026 09:10:00 GMT' },
  );
  const { cloud } = await facts(t, { files: TAG, now: new Date('2026-11-21T09:00:00Z') }, { imdsEndpoint });
  t.match(cloud, { name: 'azure', imdsFault: undefined, imds: { vmSize: 'Standard_D2s_v5', location: 'westeurope' } });
  t.equal(cloud?.imds?.hostAheadMs, 600_000);
  t.notMatch(JSON.stringify(cloud), /secret/, 'nothing is kept that no check asks for');
  t.strictSame(asked, [{ url: '/metadata/instance', metadata: 'true' }]);
});

t.test('and nowhere else', async (t) => {
  const { asked, imdsEndpoint } = await imds(t, 200, {});
  t.equal((await facts(t, {}, { imdsEndpoint })).cloud, undefined);
  t.match((await facts(t, {}, { imdsEndpoint, cloud: 'azure' })).cloud, {
    name: 'azure',
    imds: undefined,
    imdsFault: /no firmware tag/,
  });
  t.strictSame(asked, []);
});

t.test('an answer that is none leaves the facts standing', async (t) => {
  const { imdsEndpoint } = await imds(t, 500, {});
  t.match((await facts(t, { files: TAG }, { imdsEndpoint })).cloud, {
    name: 'azure',
    imds: undefined,
    imdsFault: /500/,
  });
  const gone = (await facts(t, { files: TAG }, { imdsEndpoint: 'http://127.0.0.1:1/' })).cloud;
  t.match(gone, { name: 'azure', imds: undefined, imdsFault: /ECONNREFUSED/ });
});

t.test('a redirect is not followed', async (t) => {
  const other = await imds(t, 200, { compute: { vmSize: 'x' } });
  const { imdsEndpoint } = await imds(t, 302, {}, { location: other.imdsEndpoint });
  t.match((await facts(t, { files: TAG }, { imdsEndpoint })).cloud, { imds: undefined, imdsFault: /302/ });
  t.strictSame(other.asked, []);
});

t.test('a test asks loopback only', async (t) => {
  // Not loopback by its name, but nowhere else either: should the guard be broken, nothing leaves the machine.
  const { cloud } = await facts(t, { files: TAG }, { imdsEndpoint: 'http://0.0.0.0:1/' });
  t.match(cloud, { imds: undefined, imdsFault: /QUIESCED_TEST=1 forbids/ });
});
