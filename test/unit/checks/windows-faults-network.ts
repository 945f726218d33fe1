import { told, type WindowsFault, without } from './windows-fault.ts';
import { ADAPTER, CONTROL, dword, FIREWALL, sz } from './windows-machine.ts';

const RULES = `${FIREWALL}\\FirewallRules`;
const SCHANNEL = `${CONTROL}\\SecurityProviders\\SCHANNEL\\Protocols\\TLS 1.2\\Client`;

export const WINDOWS_NETWORK_FAULTS: readonly WindowsFault[] = [
  {
    name: 'a fixed address',
    plant: { registry: { [`${ADAPTER}\\EnableDHCP`]: dword(0), ...without(`${ADAPTER}\\DhcpIPAddress`) } },
    found: 'net.dhcp',
    verdict: 'warn',
    detail: /a fixed address/,
  },
  {
    name: 'a rule that blocks the host',
    plant: {
      registry: {
        [`${RULES}\\{1}`]: sz('v2.30|Action=Block|Active=TRUE|Dir=Out|Protocol=6|RA4=168.63.129.16|Name=No Azure|'),
      },
    },
    found: 'net.firewall',
    verdict: 'fail',
    detail: /No Azure/,
    hides: ['net.wireserver80', 'net.hostga32526'],
  },
  {
    name: 'a firewall that lets nothing out',
    plant: { registry: { [`${FIREWALL}\\PublicProfile\\DefaultOutboundAction`]: dword(1) } },
    found: 'net.firewall',
    verdict: 'fail',
    detail: /Public/,
    hides: ['net.wireserver80', 'net.hostga32526'],
  },
  {
    name: 'TLS 1.2 switched off',
    plant: { registry: { [`${SCHANNEL}\\Enabled`]: dword(0) } },
    found: 'net.tls',
    verdict: 'fail',
    detail: /SCHANNEL/,
  },
  {
    name: 'a metadata service that does not answer',
    plant: { facts: { cloud: { name: 'azure', imds: undefined, imdsFault: 'connect ETIMEDOUT' } } },
    found: 'net.imds',
    verdict: 'warn',
    detail: /ETIMEDOUT/,
    silences: [
      ...['os.clock', 'disk.count', 'disk.ultra-pv2', 'disk.write-accel', 'disk.unmanaged', 'enc.cvm'],
      ...['enc.trusted-launch', 'enc.host', 'restore.marketplace-plan', 'restore.nic-count'],
    ],
  },
  {
    name: 'a clock that is off',
    plant: told({ hostAheadMs: 6 * 60_000 }),
    found: 'os.clock',
    verdict: 'warn',
    detail: /6 minutes behind/,
  },
  {
    name: 'one place with another proxy',
    plant: {
      registry: {
        'HKU\\S-1-5-18\\Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings\\ProxyEnable': dword(1),
        'HKU\\S-1-5-18\\Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings\\ProxyServer':
          sz('10.0.0.8:3128'),
      },
    },
    found: 'proxy.localsystem',
    verdict: 'warn',
    detail: /10\.0\.0\.8:3128/,
  },
];
