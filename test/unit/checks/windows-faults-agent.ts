import { valuePath } from '../../../agent/system/registry.ts';
import { peFile } from '../../fixtures/pe-file.ts';
import { ADMINISTRATORS, descriptor, EVERYONE, FULL, READ, SYSTEM } from '../system/descriptors.ts';
import { THUMB } from './agent-files.ts';
import { type WindowsFault, without } from './windows-fault.ts';
import {
  AGENT_FOLDER,
  AGENT_LOG,
  DEFENDER_PATHS,
  disabled,
  dword,
  extensionStatus,
  MACHINE_KEYS,
  MY_STORE,
  onDemand,
  running,
  storedCertificate,
  sz,
  VMSNAPSHOT,
} from './windows-machine.ts';

const EXE = `${AGENT_FOLDER}\\WaAppAgent.exe`;
const NEWER = 'C:\\WindowsAzure\\Packages\\WaAppAgent.exe';
const SPOKEN = 'HKLM\\SOFTWARE\\Microsoft\\GuestAgent\\Incarnation';
const STRONG = 'HKLM\\SOFTWARE\\Microsoft\\.NETFramework\\v4.0.30319\\SchUseStrongCrypto';
const RELEASE = 'HKLM\\SOFTWARE\\Microsoft\\NET Framework Setup\\NDP\\v4\\Full\\Release';
const BLOB = `${MY_STORE}\\${THUMB}\\Blob`;
const STATUS = `${VMSNAPSHOT}\\status\\4.status`;
const EXCLUDED = valuePath(DEFENDER_PATHS, 'C:\\Packages\\Plugins');
const INSTALLED = 'HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall';
const HOUR = 3_600_000;
const CREDENTIALS = 'C:\\Users\\ann\\Downloads\\v.VaultCredentials';

export const WINDOWS_AGENT_FAULTS: readonly WindowsFault[] = [
  {
    name: 'no agent',
    plant: {
      files: without(EXE, AGENT_LOG),
      services: without('RdAgent', 'WindowsAzureGuestAgent'),
      registry: without(SPOKEN),
    },
    found: 'agent.installed',
    verdict: 'fail',
    detail: /missing/,
    hides: [
      ...['agent.running', 'agent.heartbeat', 'agent.version.windows', 'agent.dotnet', 'agent.certs'],
      ...['agent.extension-state', 'agent.av-exclusions'],
    ],
  },
  {
    name: 'an agent too old for a backup',
    plant: { files: { [EXE]: peFile('2.6.1198.717') } },
    found: 'agent.version.windows',
    verdict: 'fail',
    detail: /2\.6\.1198\.717; the least/,
  },
  {
    name: 'an agent too old for support',
    plant: { files: { [EXE]: peFile('2.7.41491.1009') } },
    found: 'agent.version.windows',
    verdict: 'warn',
    detail: /2\.7\.41491\.1009 works/,
  },
  {
    name: 'an agent that tells no version',
    plant: { files: { [EXE]: Buffer.from('MZ') } },
    found: 'agent.version.windows',
    verdict: 'fail',
    detail: /tells no version/,
  },
  {
    name: 'an old agent that the service starts, beside a new one',
    plant: { files: { [EXE]: peFile('2.6.0.0'), [NEWER]: peFile('2.7.41491.1095') } },
    found: 'agent.version.windows',
    verdict: 'fail',
    detail: /2\.6\.0\.0/,
  },
  {
    name: 'an agent that has stopped',
    plant: { services: { WindowsAzureGuestAgent: { ...running, state: 'stopped' } } },
    found: 'agent.running',
    verdict: 'fail',
    detail: /WindowsAzureGuestAgent is stopped/,
    hides: ['agent.heartbeat'],
  },
  {
    name: 'an agent that is disabled',
    plant: { services: { RdAgent: { ...disabled, program: EXE } } },
    found: 'agent.running',
    verdict: 'fail',
    detail: /RdAgent is disabled/,
    hides: ['agent.heartbeat'],
  },
  {
    name: 'an agent that somebody starts by hand',
    plant: { services: { WindowsAzureGuestAgent: { ...running, start: 'manual' } } },
    found: 'agent.running',
    verdict: 'fail',
    detail: /is started by hand/,
    hides: ['agent.heartbeat'],
  },
  {
    name: 'an agent that is silent',
    plant: { agesMs: { [AGENT_LOG]: 20 * 60_000 } },
    found: 'agent.heartbeat',
    verdict: 'fail',
    detail: /20 min old/,
  },
  {
    name: 'an agent that never reached its host',
    plant: { registry: without(SPOKEN) },
    found: 'agent.heartbeat',
    verdict: 'warn',
    detail: /never reached its host/,
  },
  {
    name: '.NET 4.0',
    plant: { registry: without(RELEASE) },
    found: 'agent.dotnet',
    verdict: 'fail',
    detail: /no \.NET 4\.5/,
  },
  {
    name: 'an old .NET that nobody told of TLS 1.2',
    plant: { registry: { [RELEASE]: dword(394_802), ...without(STRONG) } },
    found: 'agent.dotnet',
    verdict: 'warn',
    detail: /not set/,
  },
  {
    name: 'a new .NET that nobody told of TLS 1.2',
    plant: { registry: without(STRONG) },
    found: 'agent.dotnet',
    verdict: 'info',
    detail: /not set/,
  },
  {
    name: 'a .NET that is told to use old TLS',
    plant: { registry: { [STRONG]: dword(0) } },
    found: 'agent.dotnet',
    verdict: 'warn',
    detail: /is 0/,
  },
  {
    name: 'MSDTC of another account',
    plant: { services: { MSDTC: running } },
    found: 'agent.services-win',
    verdict: 'fail',
    detail: /MSDTC runs as LocalSystem/,
  },
  {
    name: 'an installer that is disabled',
    plant: { services: { msiserver: disabled } },
    found: 'agent.services-win',
    verdict: 'fail',
    detail: /msiserver is disabled/,
  },
  {
    name: 'no certificate of the agent',
    plant: { registry: { [BLOB]: storedCertificate('somebody else') } },
    found: 'agent.certs',
    verdict: 'fail',
    detail: /no TenantEncryptionCert/,
  },
  {
    name: 'a damaged certificate',
    plant: { registry: { [BLOB]: storedCertificate('TenantEncryptionCert', Buffer.alloc(9)) } },
    found: 'agent.certs',
    verdict: 'fail',
    detail: /is no certificate/,
  },
  {
    name: 'a run of the extension that failed',
    plant: { files: { [STATUS]: extensionStatus('error', 1047, 'VSS writer failed') } },
    found: 'agent.extension-state',
    verdict: 'warn',
    detail: /error, code 1047: VSS writer failed/,
  },
  {
    name: 'a run of the extension that died',
    plant: { files: { [STATUS]: extensionStatus('transitioning', 0, '') }, agesMs: { [STATUS]: 5 * HOUR } },
    found: 'agent.extension-state',
    verdict: 'warn',
    detail: /for 5 hours/,
  },
  {
    name: 'no extension yet',
    plant: { files: without(`${VMSNAPSHOT}\\status\\3.status`) },
    found: 'agent.extension-state',
    verdict: 'info',
    detail: /not installed yet/,
  },
  {
    name: 'Defender looks into the extension',
    plant: { registry: without(EXCLUDED) },
    found: 'agent.av-exclusions',
    verdict: 'info',
    detail: /Microsoft Defender/,
  },
  {
    name: 'Defender spares a folder whose name begins the same, and one without a name',
    plant: {
      registry: {
        ...without(EXCLUDED),
        [valuePath(DEFENDER_PATHS, 'C:\\Pack')]: dword(0),
        [valuePath(DEFENDER_PATHS, '')]: dword(0),
      },
    },
    found: 'agent.av-exclusions',
    verdict: 'info',
    detail: /Microsoft Defender/,
  },
  {
    name: 'another scanner, and one that is stopped',
    plant: { services: { ekrn: onDemand, SentinelAgent: running } },
    found: 'agent.av-exclusions',
    verdict: 'info',
    detail: /^SentinelOne runs/,
  },
  {
    name: 'a folder of keys that not everybody may use',
    plant: {
      security: { [MACHINE_KEYS]: descriptor(SYSTEM, [{ rights: FULL, who: ADMINISTRATORS }]) },
    },
    found: 'agent.certs',
    verdict: 'warn',
    detail: /MachineKeys.*: Everyone may do less\. /,
  },
  {
    name: 'a folder of keys that LocalSystem is kept from',
    plant: {
      security: {
        [MACHINE_KEYS]: descriptor(SYSTEM, [
          { type: 1, rights: READ, who: SYSTEM },
          { rights: FULL, who: EVERYONE },
          { rights: FULL, who: ADMINISTRATORS },
        ]),
      },
    },
    found: 'agent.certs',
    verdict: 'warn',
    detail: /: SYSTEM is refused something/,
  },
  {
    name: 'credentials of a vault in a folder of downloads',
    plant: { files: { [CREDENTIALS]: 'x' }, agesMs: { [CREDENTIALS]: 3.5 * HOUR } },
    found: 'other.vault-credentials',
    verdict: 'warn',
    detail: /whoever reads C:\\Users\\ann\\Downloads\\v\.VaultCredentials \(3 h old\)/,
  },
  {
    name: "QEMU's guest agent",
    plant: { services: { 'QEMU-GA': running } },
    found: 'other.freezers',
    verdict: 'warn',
    detail: /^QEMU-GA may ask VSS/,
  },
  {
    name: 'Veeam beside Azure Backup',
    plant: { registry: { [`${INSTALLED}\\{2}\\DisplayName`]: sz('Veeam Agent for Microsoft Windows') } },
    found: 'agent.other-backup',
    verdict: 'warn',
    detail: /Veeam Agent/,
    also: ['other.backup-agents info'],
  },
];
