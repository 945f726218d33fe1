import nodeHttp from 'node:http';
import t from 'tap';
import type { Check, Finding } from '../../../agent/checks/check.ts';
import { networkChecks, networkChecksWith } from '../../../agent/checks/network.ts';
import { hostIsNotFirewalled } from '../../../agent/checks/network-firewall.ts';
import { HOST_SERVICES, wireServerAnswers } from '../../../agent/checks/network-host.ts';
import { probe } from '../../../agent/checks/network-probe.ts';
import { runChecks } from '../../../agent/checks/run.ts';
import { askHost, type Facts } from '../../../agent/system/facts.ts';
import type { System } from '../../../agent/system/system.ts';
import { answering, dripping, http, type Loopback, refusing, silent } from './loopback.ts';
import { AZURE, ELSEWHERE, find, machine, type Scene } from './machine.ts';

const VERSIONS = http(
  200,
  '<?xml version="1.0"?><Versions><Supported><Version>2015-04-05</Version></Supported></Versions>',
);
const SHORT_MS = 150;
/** For servers that answer: a busy machine may take its time. */
const AMPLE_MS = 10_000;
const TEST_ENV = { env: { QUIESCED_TEST: '1' } };

const at = ({ port }: Loopback, path: string, timeoutMs = AMPLE_MS) => ({
  url: `http://127.0.0.1:${port}${path}`,
  timeoutMs,
});
const checksAt = (server: Loopback, timeoutMs = AMPLE_MS): readonly Check[] =>
  networkChecksWith({
    wireServer: at(server, '/?comp=versions', timeoutMs),
    hostGaPlugin: at(server, '/versions', timeoutMs),
  });
const one = (checks: readonly Check[], id: string): Check => checks.find((check) => check.id === id) as Check;

// First: what others leave behind would be counted, too.
t.test('leaves nothing open', async (t) => {
  const sockets = () => process.getActiveResourcesInfo().filter((kind) => /TCPSocket|Timeout/.test(kind)).length;
  const before = sockets();
  for (const serve of [silent, () => dripping('HTTP/1.1 200 OK\r\n\r\n'), () => answering(VERSIONS, { open: true })]) {
    const server = await serve();
    await probe(TEST_ENV, at(server, '/', 50));
    server.stop();
    // Sockets are gone once their close has been told.
    for (let turns = 0; turns < 100 && sockets() > before; turns += 1) await new Promise(setImmediate);
    t.equal(sockets(), before);
  }
});

t.test('the services of the host', async (t) => {
  for (const [name, serve, wireServer, hostGa] of [
    ['as they are', () => answering(VERSIONS), ['pass', /:\d+ answers$/], ['pass', /answers$/]],
    ['a portal', () => answering(http(200, '<html>log in</html>')), ['warn', /status 200/], ['pass', /answers/]],
    ['a proxy', () => answering(http(407, 'who are you')), ['warn', /status 407.*between/], ['warn', /status 407/]],
    [
      'a redirect',
      () => answering('HTTP/1.1 302 No\r\nLocation: http://127.0.0.1:1/\r\n\r\n'),
      ['warn', /302/],
      ['warn', /302/],
    ],
    ['refused', () => refusing(), ['fail', /refuses \(ECONNREFUSED\).*no work/], ['fail', /report its status/]],
    ['silent', () => silent(), ['fail', /does not answer within 0\.15 s/], ['fail', /does not answer/]],
    ['slow for ever', () => dripping('HTTP/1.1 200 OK\r\n\r\n'), ['fail', /does not answer/], ['fail', /not answer/]],
    ['closed at once', () => answering(''), ['fail', /refuses \(ECONNRESET\)/], ['fail', /refuses/]],
    ['no HTTP', () => answering('SSH-2.0-OpenSSH\r\n'), ['fail', /refuses \(HPE_/], ['fail', /refuses/]],
  ] as const) {
    const server = await serve();
    t.teardown(() => server.stop());
    const checks = checksAt(server, name === 'silent' || name === 'slow for ever' ? SHORT_MS : AMPLE_MS);
    for (const [id, [verdict, detail]] of [
      ['net.wireserver80', wireServer],
      ['net.hostga32526', hostGa],
    ] as const) {
      const finding = await find(one(checks, id), {});
      t.equal(finding.verdict, verdict, `${name}: ${finding.detail}`);
      t.match(finding.detail, detail);
      if (verdict !== 'pass') t.match(finding.remedy, /\$ curl --noproxy "\*".*127\.0\.0\.1/);
    }
  }
});

t.test('asks only where it may', async (t) => {
  const scenes: readonly (readonly [string, RegExp, Scene])[] = [
    ['elsewhere', /not on Azure/, { facts: ELSEWHERE }],
    ['without root, which the agent keeps out', /needs root/, { privileged: false }],
    ['in a test', /QUIESCED_TEST=1 forbids asking 168\.63\.129\.16/, {}],
  ];
  for (const [name, detail, scene] of scenes) {
    for (const id of ['net.wireserver80', 'net.hostga32526']) {
      t.match(await find(one(networkChecks, id), scene), { verdict: 'skip', detail }, `${id}, ${name}`);
    }
  }
  const { system, cleanUp } = machine({});
  t.teardown(cleanUp);
  const findings = await runChecks({ ...system, live: false }, networkChecks, { facts: AZURE });
  for (const id of ['net.wireserver80', 'net.hostga32526', 'net.multi-ip', 'net.firewall']) {
    t.match(
      findings.find((finding) => finding.id === id),
      { verdict: 'skip', detail: /running machine/ },
      id,
    );
  }
  for (const service of Object.values(HOST_SERVICES)) {
    t.match(await probe(TEST_ENV, service), { outcome: 'not-asked' });
    t.equal(service.timeoutMs, 5000);
  }
});

t.test('a packet that comes through proves more than a rule, and each service is asked once', async (t) => {
  let asked = 0;
  const server = await answering(VERSIONS);
  t.teardown(() => server.stop());
  const service = at(server, '/');
  const ask = async (system: System) => {
    asked += 1;
    return probe(system, service);
  };
  const { system, cleanUp } = machine({ programs: DROPPING });
  t.teardown(cleanUp);
  const checks = [wireServerAnswers(service, ask), hostIsNotFirewalled([ask])];
  const [wireServer, firewall] = await runChecks(system, checks, { facts: AZURE });
  t.match(firewall, { verdict: 'info', detail: /answers, although it looks as if .*-j DROP/ });
  t.match(wireServer, { verdict: 'pass' });
  t.equal(asked, 1);
});

const DROPPING = {
  'iptables-save': { stdout: '*filter\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -d 168.63.129.16/32 -j DROP\nCOMMIT\n' },
};
const AGENTS_OWN = {
  'iptables-save': {
    stdout:
      '*security\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -d 168.63.129.16/32 -p tcp -m owner --uid-owner 0 -j ACCEPT\n-A OUTPUT -d 168.63.129.16/32 -p tcp -m conntrack --ctstate INVALID,NEW -j DROP\nCOMMIT\n',
  },
};

t.test('a rule that stops packets explains a host that is silent', async (t) => {
  const server = await silent();
  t.teardown(() => server.stop());
  const run = async (scene: Scene): Promise<ReadonlyMap<string, Finding>> => {
    const { system, cleanUp } = machine(scene);
    t.teardown(cleanUp);
    const findings = await runChecks(system, checksAt(server, SHORT_MS), { facts: AZURE });
    return new Map(findings.map((finding) => [finding.id, finding]));
  };
  const cut = await run({ programs: DROPPING });
  t.match(cut.get('net.firewall'), { verdict: 'fail', detail: /168\.63\.129\.16:80 and .*:32526 is cut off/ });
  t.match(cut.get('net.wireserver80'), { verdict: 'skip', hiddenBy: 'net.firewall' });
  const open = await run({ programs: AGENTS_OWN });
  t.match(open.get('net.firewall'), { verdict: 'pass', detail: /root alone/ });
  t.match(open.get('net.wireserver80'), { verdict: 'fail' });
  const legacy = { 'iptables-legacy-save': DROPPING['iptables-save'], nft: { stdout: '{"nftables": []}' } };
  t.match((await run({ programs: legacy })).get('net.firewall'), { verdict: 'pass' }, 'the kernel has no such tables');
  const files = { '/proc/net/ip_tables_names': 'filter\n' };
  t.match((await run({ programs: legacy, files })).get('net.firewall'), { verdict: 'fail' });
  t.match((await run({})).get('net.firewall'), { verdict: 'skip', detail: /neither/ });
  t.match((await run({ programs: { nft: { stdout: 'cut off {' } } })).get('net.firewall'), { verdict: 'skip' });
  t.match(await find(one(checksAt(server), 'net.firewall'), { facts: ELSEWHERE }), {
    verdict: 'skip',
    detail: 'not on Azure',
  });
  t.match(await find(one(checksAt(server), 'net.firewall'), { privileged: false }), { verdict: 'skip' });
});

t.test('the metadata service', async (t) => {
  const { system, cleanUp } = machine({});
  t.teardown(cleanUp);
  const imds = one(networkChecks, 'net.imds');
  const facts = async (server: Loopback): Promise<Facts> => {
    t.teardown(() => server.stop());
    return { ...AZURE, cloud: await askHost(system, { imdsEndpoint: at(server, '/metadata').url }) };
  };
  const good = await answering(
    http(200, '{"compute":{"vmSize":"Standard_B2s","location":"westeurope"}}', 'application/json'),
  );
  t.match(await find(imds, { facts: await facts(good) }), { verdict: 'pass', detail: 'Standard_B2s, westeurope' });
  for (const server of [await refusing(), await silent()]) {
    const startMs = performance.now();
    t.match(await find(imds, { facts: await facts(server) }), { verdict: 'warn', remedy: /--header Metadata:true/ });
    t.ok(performance.now() - startMs < 20_000, 'two seconds, and what a busy machine adds');
  }
  t.match(await find(imds, { facts: ELSEWHERE }), { verdict: 'skip' });
  t.match(await find(imds, {}), { verdict: 'skip', detail: /not asked/ });
  const real = { ...AZURE, cloud: await askHost(system, {}) };
  t.match(await find(imds, { facts: real }), { verdict: 'skip', detail: /QUIESCED_TEST/ });
});

t.test('takes no proxy, whatever the environment says', async (t) => {
  const [server, proxy] = [await answering(VERSIONS), await refusing()];
  const agent = nodeHttp.globalAgent;
  // As NODE_USE_ENV_PROXY=1 sets it up when Node starts.
  nodeHttp.globalAgent = new nodeHttp.Agent({ proxyEnv: { HTTP_PROXY: `http://127.0.0.1:${proxy.port}` } });
  t.teardown(() => {
    nodeHttp.globalAgent = agent;
    server.stop();
  });
  const refused = await new Promise((resolve) => nodeHttp.get(at(server, '/').url).on('error', resolve));
  t.match(refused, { code: 'ECONNREFUSED' }, 'others go through it');
  t.match(await probe(TEST_ENV, at(server, '/')), { outcome: 'answered', status: 200 });
});
