import { valuePath } from '../../../agent/system/registry.ts';
import { told, type WindowsChange, type WindowsFault, without } from './windows-fault.ts';
import { ADAPTER, CONTROL, dword, FIREWALL, multiSz, sz } from './windows-machine.ts';

const RULES = `${FIREWALL}\\FirewallRules`;
const INSTALLED = 'HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall';
const SCHANNEL = `${CONTROL}\\SecurityProviders\\SCHANNEL\\Protocols\\TLS 1.2\\Client`;

const SETTINGS = 'HKU\\S-1-5-18\\Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings';
const localSystem = (server: string, exceptions: string): WindowsChange => ({
  registry: {
    [`${SETTINGS}\\ProxyEnable`]: dword(1),
    [`${SETTINGS}\\ProxyServer`]: sz(server),
    [`${SETTINGS}\\ProxyOverride`]: sz(exceptions),
  },
});
/** The way to what stands for storage goes around the proxy: what is wrong is the setting alone. */
const AROUND = '168.63.129.16;169.254.*;127.*;<local>';
/** Since WinHTTP has none. */
const DISAGREE = 'proxy.localsystem warn';

export const WINDOWS_NETWORK_FAULTS: readonly WindowsFault[] = [
  {
    name: 'a fixed address',
    plant: { registry: { [`${ADAPTER}\\EnableDHCP`]: dword(0), ...without(`${ADAPTER}\\DhcpIPAddress`) } },
    found: 'net.dhcp',
    verdict: 'warn',
    detail: /a fixed address/,
    silences: ['net.multi-ip'],
  },
  {
    name: 'a lease that nobody has renewed',
    plant: {
      registry: {
        [`${ADAPTER}\\Lease`]: dword(86_400),
        [`${ADAPTER}\\LeaseObtainedTime`]: dword(1_700_000_000),
        [`${ADAPTER}\\LeaseTerminatesTime`]: dword(1_700_086_400),
      },
    },
    found: 'net.dhcp',
    verdict: 'warn',
    detail: /every lease has ended: that of 10\.0\.0\.4 on 2023-11-15/,
    silences: ['net.multi-ip'],
  },
  {
    name: 'a second address beside that of DHCP',
    plant: { registry: { [`${ADAPTER}\\IPAddress`]: multiSz('10.0.0.5', '0.0.0.0') } },
    found: 'net.multi-ip',
    verdict: 'info',
    detail: /\{a\} has 2 addresses: 10\.0\.0\.4, 10\.0\.0\.5$/,
  },
  {
    name: 'an agent of MARS',
    plant: {
      registry: {
        [`${INSTALLED}\\{2}\\DisplayName`]: sz('Microsoft Azure Recovery Services Agent'),
      },
    },
    found: 'net.mars-fqdn',
    verdict: 'info',
    detail: /^the MARS agent needs HTTPS to \*\.microsoft\.com/,
    also: ['agent.other-backup warn', 'other.backup-agents info'],
  },
  {
    name: 'a rule with a backslash in its name that blocks the host',
    plant: {
      registry: {
        [valuePath(RULES, 'Contoso\\No Azure')]: sz(
          'v2.30|Action=Block|Active=TRUE|Dir=Out|Protocol=6|RA4=168.63.129.16|Name=Contoso\\No Azure|',
        ),
      },
    },
    found: 'net.firewall',
    verdict: 'fail',
    detail: /Contoso\\No Azure/,
    hides: ['net.wireserver80', 'net.hostga32526'],
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
    hides: ['net.storage443', 'proxy.reach'],
  },
  {
    name: 'a metadata service that does not answer',
    plant: { facts: { cloud: { name: 'azure', imds: undefined, imdsFault: 'connect ETIMEDOUT' } } },
    found: 'net.imds',
    verdict: 'warn',
    detail: /ETIMEDOUT/,
    silences: [
      ...['os.clock', 'disk.count', 'disk.ultra-pv2', 'disk.write-accel', 'disk.unmanaged', 'enc.cvm'],
      ...['enc.trusted-launch', 'enc.host', 'net.storage443', 'restore.marketplace-plan', 'restore.nic-count'],
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
    plant: localSystem('127.0.0.1:1', AROUND),
    found: 'proxy.localsystem',
    verdict: 'warn',
    detail: /127\.0\.0\.1:1/,
  },
  {
    name: 'services that would look for the host behind a proxy',
    plant: localSystem('127.0.0.1:1', '127.*;<local>'),
    found: 'proxy.bypass',
    verdict: 'fail',
    detail: /LocalSystem.*the list of exceptions does not name 168\.63\.129\.16 and 169\.254\.169\.254/,
    also: [DISAGREE],
  },
  {
    name: 'a proxy with a password',
    plant: localSystem('http://me:secret@127.0.0.1:1', AROUND),
    found: 'proxy.auth',
    verdict: 'fail',
    detail: /ProxyServer holds a user or password/,
    also: [DISAGREE],
    hides: ['proxy.reach'],
  },
  {
    name: 'a proxy that is spoken to by TLS',
    plant: localSystem('https://127.0.0.1:1', AROUND),
    found: 'proxy.scheme',
    verdict: 'warn',
    detail: /ProxyServer names https:\/\/127\.0\.0\.1:1/,
    also: [DISAGREE],
    hides: ['proxy.reach'],
  },
  {
    name: 'a proxy that does not answer',
    plant: localSystem('127.0.0.1:1', '168.63.*;169.254.*'),
    found: 'proxy.reach',
    verdict: 'warn',
    detail: /127\.0\.0\.1:1 refuses/,
    also: [DISAGREE],
  },
];
