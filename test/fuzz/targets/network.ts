/** What says how this machine is connected: files of five kinds, packet filters, leases, and `ip`. */
import { readFileSync } from 'node:fs';
import { addressSigns, judgeAddresses } from '../../../agent/checks/network-addresses.ts';
import {
  hasOption245,
  isIpv4,
  linesOf,
  parseIfcfg,
  parseInterfaces,
  parseKeyfile,
  parseNetworkd,
} from '../../../agent/checks/network-configs.ts';
import { parseIptables } from '../../../agent/checks/network-iptables.ts';
import { parseNetplan } from '../../../agent/checks/network-netplan.ts';
import { parseNft } from '../../../agent/checks/network-nft.ts';
import { fateOf, inNetwork, ipv4 } from '../../../agent/checks/network-rules.ts';
import { type FuzzTarget, mustHold, textTarget } from '../target.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/firewall/${name}`, import.meta.url), 'utf8');

const PACKETS = [
  { address: '168.63.129.16', port: 80, uid: 0, device: 'eth0' },
  { address: '168.63.129.16', port: 32526, uid: 1000, device: undefined },
];

/** Whatever the rules say, a packet has one fate. */
function judged(tables: ReturnType<typeof parseIptables> | undefined): void {
  for (const packet of PACKETS) {
    const { fate } = fateOf(tables ?? [], packet);
    mustHold(['passes', 'stopped', 'perhaps'].includes(fate), 'a packet has a fate');
  }
}

const VERDICT_MAP = JSON.stringify({
  nftables: [
    { metainfo: { version: '1.0.6' } },
    { table: { family: 'inet', name: 'f', handle: 1 } },
    {
      set: {
        family: 'inet',
        table: 'f',
        name: 'hosts',
        type: 'ipv4_addr',
        elem: [{ prefix: { addr: '10.0.0.0', len: 8 } }],
      },
    },
    { chain: { family: 'inet', table: 'f', name: 'out', type: 'filter', hook: 'output', prio: 0, policy: 'drop' } },
    {
      rule: {
        family: 'inet',
        table: 'f',
        chain: 'out',
        handle: 3,
        expr: [
          { match: { op: '!=', left: { payload: { protocol: 'ip', field: 'daddr' } }, right: '@hosts' } },
          {
            vmap: {
              key: { payload: { protocol: 'tcp', field: 'dport' } },
              data: {
                set: [
                  [80, { accept: null }],
                  [{ range: [1, 9] }, { jump: { target: 'out' } }],
                ],
              },
            },
          },
        ],
      },
    },
  ],
});

const NETPLAN = `network:
  version: 2
  ethernets:
    eth0:
      dhcp4: true # by the host
      match: {macaddress: "00:0d:3a:00:00:01"}
      set-name: "eth0"
    'eth1':
      addresses:
        - 10.0.0.5/24
      nameservers:
        addresses: [8.8.8.8, "1.1.1.1"]
`;
const LEASE = `lease {
  interface "eth0";
  fixed-address 10.0.0.4;
  option unknown-245 a8:3f:81:10;
}
OPTION_245=a83f8110
`;

export const networkTargets: readonly FuzzTarget[] = [
  textTarget(
    'nft',
    ['checks/network-nft.ts parseNft'],
    [fixture('agent.nft.json'), fixture('agent-iptables.nft.json'), VERDICT_MAP],
    (text) => judged(parseNft(text)),
  ),
  textTarget(
    'iptables',
    ['checks/network-iptables.ts parseIptables'],
    [fixture('agent-legacy.iptables'), fixture('agent-nft.iptables'), fixture('office.iptables')],
    (text) => judged(parseIptables(text)),
  ),
  textTarget('netplan', ['checks/network-netplan.ts parseNetplan'], [NETPLAN], (text) => parseNetplan([NETPLAN, text])),
  textTarget(
    'network-files',
    ['linesOf', 'parseInterfaces', 'parseIfcfg', 'parseKeyfile', 'parseNetworkd', 'isIpv4'].map(
      (name) => `checks/network-configs.ts ${name}`,
    ),
    [
      'auto eth0\niface eth0 inet dhcp\niface eth0:1 inet static\n  address 10.0.0.5/24\n',
      'DEVICE="eth0"\nexport BOOTPROTO=\'dhcp\'\nIPADDR=10.0.0.4\n',
      '[connection]\ntype=ethernet\ninterface-name=eth0\n[ipv4]\nmethod=auto\n',
      '[Match]\nName=eth* !eth9\n[Network]\nDHCP=ipv4\nAddress=10.0.0.4/24\n',
    ],
    (text) => {
      parseInterfaces(text);
      parseIfcfg('ifcfg-eth0', text);
      parseIfcfg(text, '');
      parseKeyfile(text);
      parseNetworkd(text);
      for (const line of linesOf(text)) isIpv4(line);
    },
  ),
  textTarget('lease', ['checks/network-configs.ts hasOption245'], [LEASE], (text) => hasOption245(text)),
  textTarget(
    'addresses',
    ['ipv4', 'inNetwork'].map((name) => `checks/network-rules.ts ${name}`),
    ['168.63.129.16', '10.0.0.0'],
    (text) => {
      const number = ipv4(text);
      mustHold(number === undefined || (number >= 0 && number < 2 ** 32), 'an address is a number of 32 bits');
      inNetwork(text, '10.0.0.0', 8);
      inNetwork('10.0.0.4', text, 33);
    },
  ),
  textTarget(
    'ip-json',
    ['checks/network-addresses.ts addressSigns'],
    [
      '[{"dst":"168.63.129.16","gateway":"10.0.0.1","dev":"eth0","prefsrc":"10.0.0.4","uid":0}]',
      '[{"ifname":"eth0","addr_info":[{"family":"inet","local":"10.0.0.4","dynamic":true},{"local":"10.0.0.5"}]}]',
    ],
    (text) => {
      const route = '[{"dev":"eth0","prefsrc":"10.0.0.5","gateway":"10.0.0.1"}]';
      for (const signs of [addressSigns(text, '[{"ifname":"eth0"}]'), addressSigns(route, text)]) {
        if (signs !== undefined) judgeAddresses(signs);
      }
    },
  ),
];
