import t from 'tap';
import type { Check, Verdict } from '../../../agent/checks/check.ts';
import { networkChecks } from '../../../agent/checks/network.ts';
import { addressSigns, judgeAddresses } from '../../../agent/checks/network-addresses.ts';
import {
  hasOption245,
  parseIfcfg,
  parseInterfaces,
  parseKeyfile,
  parseNetworkd,
} from '../../../agent/checks/network-configs.ts';
import { parseNetplan } from '../../../agent/checks/network-netplan.ts';
import { judgePlugins } from '../../../agent/checks/network-plugins.ts';
import { defaultDeviceOf } from '../../../agent/checks/network-route.ts';
import { array, assert, constantFrom, property, string } from '../../fast-check.ts';
import { AZURE, ELSEWHERE, find, type Scene } from './machine.ts';

const check = (id: string): Check => networkChecks.find((one) => one.id === id) as Check;

t.test('files of five kinds', async (t) => {
  const dhcp = (device: string | undefined) => [{ device, ipv4: 'dhcp' }];
  const fixed = (device: string | undefined) => [{ device, ipv4: 'static' }];
  for (const [name, found, expected] of [
    ['interfaces', parseInterfaces('auto lo eth0\niface lo inet loopback\niface eth0 inet dhcp\n'), dhcp('eth0')],
    ['an alias', parseInterfaces('iface eth0:1 inet static\n  address 10.0.0.5/24\n'), fixed('eth0')],
    ['IPv6 alone', parseInterfaces('iface eth0 inet6 static\n#iface eth0 inet static\n'), []],
    ['by hand', parseInterfaces('iface eth0 inet manual\n'), []],
    ['ifcfg', parseIfcfg('ifcfg-eth0', 'DEVICE=eth0\nONBOOT=yes\nBOOTPROTO=dhcp\n'), dhcp('eth0')],
    ['of SUSE', parseIfcfg('ifcfg-eth0', "BOOTPROTO='dhcp4'\n"), dhcp('eth0')],
    ['with an address', parseIfcfg('ifcfg-eth0', 'BOOTPROTO=none\nIPADDR="10.0.0.5"\n'), fixed('eth0')],
    ['with neither', parseIfcfg('ifcfg-eth0', 'BOOTPROTO=none\nBRIDGE=br0\n'), []],
    ['keyfile', parseKeyfile('[connection]\ntype=ethernet\ninterface-name=ens3\n[ipv4]\nmethod=auto\n'), dhcp('ens3')],
    ['by hand', parseKeyfile('[connection]\ntype=802-3-ethernet\n[ipv4]\nmethod=manual\n'), fixed(undefined)],
    ['radio', parseKeyfile('[connection]\ntype=wifi\n[ipv4]\nmethod=manual\n'), []],
    ['networkd', parseNetworkd('[Match]\nName=e* !eth9\n[Network]\nDHCP=ipv4\n'), dhcp('e*')],
    [
      'by MAC',
      parseNetworkd('[Match]\nMACAddress=00:0d:3a:00:00:01\n[Network]\nAddress=10.0.0.5/24\n'),
      fixed(undefined),
    ],
    ['with both', parseNetworkd('[Match]\nName=eth0\n[Network]\nDHCP=yes\nAddress=10.0.0.5/24\n'), dhcp('eth0')],
    ['IPv6 alone', parseNetworkd('[Match]\nName=eth0\n[Network]\nDHCP=ipv6\nAddress=fd00::5/64\n'), []],
  ] as const) {
    t.strictSame(found, expected, name);
  }
});

/** As cloud-init writes it on Azure. */
const CLOUD_INIT = `# This file is generated from information provided by the datasource.
network:
    ethernets:
        eth0:
            dhcp4: true
            dhcp4-overrides:
                route-metric: 100
            dhcp6: false
            match:
                driver: hv_netvsc
                macaddress: 00:0d:3a:be:ef:01
            set-name: eth0
    version: 2
`;
const FIXED = `network:
  ethernets:
    eth0:
      dhcp4: no
      addresses:
      - "10.0.0.5/24"   # the old one
      - fd00::5/64
      nameservers: {addresses: [10.0.0.1]}
  bridges:
    br0:
      addresses: [192.168.1.1/24]
`;

t.test('netplan', async (t) => {
  t.strictSame(parseNetplan([CLOUD_INIT]), [{ device: 'eth0', ipv4: 'dhcp' }]);
  t.strictSame(parseNetplan([FIXED]), [{ device: 'eth0', ipv4: 'static' }], 'and nothing of the bridge');
  t.strictSame(parseNetplan([CLOUD_INIT, FIXED]), [{ device: 'eth0', ipv4: 'static' }], 'the later file counts');
  t.strictSame(parseNetplan([FIXED, CLOUD_INIT]), [{ device: 'eth0', ipv4: 'dhcp' }]);
  t.strictSame(
    parseNetplan(['network:\n  ethernets:\n    "ens3":\n      addresses: [ 10.0.0.5/24, "fd00::5/64" ]\n']),
    [{ device: 'ens3', ipv4: 'static' }],
  );
  t.strictSame(
    parseNetplan([
      'network:\n  ethernets:\n    a:\n      match: {}\n      dhcp4: yes\n    b:\n      match:\n        name: en*\n      dhcp4: on\n',
    ]),
    [
      { device: undefined, ipv4: 'dhcp' },
      { device: 'en*', ipv4: 'dhcp' },
    ],
  );
  t.strictSame(parseNetplan(['', 'network: {ethernets: {eth0: {dhcp4: true}}}', 'a: b', '\t- x']), []);
});

t.test('leases', async (t) => {
  t.ok(hasOption245('lease {\n  interface "eth0";\n  option unknown-245 a8:3f:81:10;\n}\n'));
  t.ok(hasOption245('# systemd\nADDRESS=10.0.0.4\nOPTION_245=a83f8110\n'));
  t.notOk(hasOption245('lease {\n  option routers 10.0.0.1;\n}\n'));
});

const ROUTE = (device: string, metric = 100) =>
  `${device}\t00000000\t0100000A\t0003\t0\t0\t${metric}\t00000000\t0\t0\t0\n`;

t.test('the device of the default route', async (t) => {
  const head = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n';
  const near = 'eth0\t0000000A\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n';
  t.equal(defaultDeviceOf(`${head}${near}${ROUTE('eth1', 200)}${ROUTE('eth0')}`), 'eth0');
  t.equal(defaultDeviceOf(`${head}${near}`), undefined);
});

t.test('addresses by ip', async (t) => {
  const route = '[{"dst":"168.63.129.16","gateway":"10.0.0.1","dev":"eth0","prefsrc":"10.0.0.5","uid":0,"cache":[]}]';
  const own = (local: string, more: object = {}) => ({
    family: 'inet',
    local,
    prefixlen: 24,
    scope: 'global',
    ...more,
  });
  const show = (...addrs: object[]) =>
    JSON.stringify([
      { ifname: 'eth1', addr_info: [own('10.9.9.9')] },
      { ifname: 'eth0', addr_info: [{}, ...addrs] },
    ]);
  const signs = addressSigns(route, show(own('10.0.0.5'), own('10.0.0.4', { dynamic: true })));
  t.strictSame(signs, { device: 'eth0', source: '10.0.0.5', gateway: '10.0.0.1', addresses: ['10.0.0.4', '10.0.0.5'] });
  t.match(signs && judgeAddresses(signs), {
    verdict: 'info',
    detail: /eth0 has 2 addresses.*from 10\.0\.0\.5, which is not the first/,
    remedy: /\$ ip route replace 168\.63\.129\.16\/32 via 10\.0\.0\.1 dev eth0 src 10\.0\.0\.4$/,
  });
  for (const wrong of ['', '{}', '[]', '[1]', '[{"dev":1}]']) t.equal(addressSigns(wrong, wrong), undefined);
});

t.test('names by cloud', async (t) => {
  t.match(judgePlugins(['it'], 'westeurope').detail, /\*\.blob\.core\.windows\.net/);
  t.match(judgePlugins(['it'], 'usgovvirginia').detail, /\*\.usgovcloudapi\.net/);
});

const ip = (prefsrc: string, ...locals: readonly string[]) => ({
  ip: async (argv: readonly string[]) => ({
    stdout: argv.includes('route')
      ? `[{"dev":"eth0","prefsrc":"${prefsrc}"}]`
      : JSON.stringify([{ ifname: 'eth0', addr_info: locals.map((local) => ({ local })) }]),
  }),
});
const routed = (files: Readonly<Record<string, string>>, device = 'eth0'): Scene => ({
  files: { '/proc/net/route': ROUTE(device), ...files },
});

const ROWS: readonly (readonly [id: string, name: string, Verdict, RegExp, Scene])[] = [
  ['net.dhcp', 'cloud-init', 'pass', /\/etc\/netplan/, routed({ '/etc/netplan/50-cloud-init.yaml': CLOUD_INIT })],
  ['net.dhcp', 'an address by hand', 'warn', /gives eth0 a fixed address/, routed({ '/etc/netplan/99.yaml': FIXED })],
  [
    'net.dhcp',
    'elsewhere',
    'info',
    /on Azure only/,
    { ...routed({ '/etc/netplan/99.yaml': FIXED }), facts: ELSEWHERE },
  ],
  ['net.dhcp', 'a second adapter by hand', 'skip', /no file/, routed({ '/etc/netplan/99.yaml': FIXED }, 'eth7')],
  ['net.dhcp', 'a disk of another machine', 'warn', /gives eth0/, { files: { '/etc/netplan/99.yaml': FIXED } }],
  [
    'net.dhcp',
    'a bridge of one',
    'skip',
    /no file/,
    { files: { '/etc/network/interfaces': 'iface br0 inet static\n' } },
  ],
  [
    'net.dhcp',
    'ifupdown, with an address more',
    'pass',
    /\/etc\/network\/interfaces\.d\/a, and the lease/,
    routed({
      '/etc/network/interfaces': 'iface eth0 inet static\n',
      '/etc/network/interfaces.d/a': 'iface eth0 inet dhcp\n',
      '/var/lib/dhcp/dhclient.eth0.leases': '  option unknown-245 a8:3f:81:10;\n',
    }),
  ],
  [
    'net.dhcp',
    'a copy that an editor left',
    'skip',
    /no file/,
    routed({ '/etc/NetworkManager/system-connections/a.nmconnection~': '[ipv4]\nmethod=manual\n' }),
  ],
  [
    'net.dhcp',
    'NetworkManager',
    'pass',
    /eth0\.nmconnection$/,
    routed({
      '/etc/NetworkManager/system-connections/eth0.nmconnection': '[ipv4]\nmethod=auto\n',
    }),
  ],
  [
    'net.dhcp',
    'networkd',
    'pass',
    /10-eth/,
    routed({ '/etc/systemd/network/10-eth.network': '[Match]\nName=e*\n[Network]\nDHCP=yes\n' }),
  ],
  [
    'net.dhcp',
    'Red Hat',
    'warn',
    /ifcfg-eth0/,
    routed({ '/etc/sysconfig/network-scripts/ifcfg-eth0': 'BOOTPROTO=static\n' }),
  ],
  [
    'net.dhcp',
    'a lease alone',
    'pass',
    /option 245/,
    { files: { '/run/systemd/netif/leases/2': 'OPTION_245=a83f8110\n' } },
  ],
  ['net.multi-ip', 'one', 'pass', /eth0 has 10\.0\.0\.4/, { programs: ip('10.0.0.4', '10.0.0.4') }],
  ['net.multi-ip', 'two', 'info', /2 addresses/, { programs: ip('10.0.0.4', '10.0.0.4', '10.0.0.5') }],
  ['net.multi-ip', 'no ip', 'skip', /does not tell/, {}],
  ['net.multi-ip', 'elsewhere', 'skip', /not on Azure/, { facts: ELSEWHERE }],
  ['net.mars-fqdn', 'none', 'pass', /none/, {}],
  ['net.mars-fqdn', 'HANA', 'info', /HTTPS to \*\.microsoft\.com/, { files: { '/opt/msawb/bin/x': '' }, facts: AZURE }],
];

for (const [id, name, verdict, detail, scene] of ROWS) {
  t.test(`${id}: ${name}`, async (t) => {
    const finding = await find(check(id), scene);
    t.equal(finding.verdict, verdict, finding.detail);
    t.match(finding.detail, detail);
    if (verdict === 'warn' || verdict === 'fail') t.match(finding.remedy, /\n\$ /, 'something to paste');
  });
}

t.test('any text has a reading', async (t) => {
  const words = constantFrom(
    'network:',
    ' ',
    '  ',
    'ethernets:',
    'eth0:',
    '- ',
    '[',
    ']',
    '{',
    '"',
    "'",
    '#',
    'dhcp4: true',
    'addresses:',
    'iface',
    'inet',
    'static',
    '=',
    '\n',
    '\n  ',
    '\t',
    'x',
  );
  const texts = array(words, { maxLength: 80 }).map((parts) => parts.join(''));
  const parsers = [
    parseInterfaces,
    parseKeyfile,
    parseNetworkd,
    (text: string) => parseIfcfg(text, text),
    (text: string) => parseNetplan([text, text]),
  ];
  const reads = (text: string) =>
    parsers.every((parse) => parse(text).every(({ ipv4 }) => ipv4 === 'dhcp' || ipv4 === 'static'));
  assert(property(texts, reads));
  assert(property(string(), reads));
  assert(property(string(), string(), (one, other) => addressSigns(one, other) === undefined));
  for (const long of [
    'a: '.repeat(300_000),
    '"'.repeat(300_000),
    `${' '.repeat(300_000)}- `,
    '#'.repeat(300_000),
    ' #'.repeat(300_000),
  ]) {
    const startMs = performance.now();
    t.ok(reads(long));
    t.ok(performance.now() - startMs < 10_000, 'in good time');
  }
});
