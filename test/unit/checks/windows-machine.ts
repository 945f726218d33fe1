import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { GPT_TYPES } from '../../../agent/checks/partition-table.ts';
import type { Facts } from '../../../agent/system/facts.ts';
import { type RegistryValue, valuePath } from '../../../agent/system/registry.ts';
import type { ServiceState } from '../../../agent/system/service-states.ts';
import type { WindowsVolume } from '../../../agent/system/windows-volumes.ts';
import type { WindowsMachine } from '../../fakes/windows.ts';
import { gptDisk } from '../../fixtures/gpt.ts';
import { peFile } from '../../fixtures/pe-file.ts';
import { ADMINISTRATORS, descriptor, EVERYONE, FULL, SYSTEM } from '../system/descriptors.ts';
import { PEM, THUMB } from './agent-files.ts';
import { AZURE } from './machine.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/windows/${name}`, import.meta.url), 'utf8');

/** Known by their paths alone: others could put a program of that name where a name is looked up first. */
export const VSSADMIN = 'C:\\Windows\\System32\\vssadmin.exe';
export const WEVTUTIL = 'C:\\Windows\\System32\\wevtutil.exe';
export const WRITERS = fixture('vssadmin-writers.txt');
export const DISKSHADOW_CREATE = fixture('diskshadow-create.txt');
export const SHADOW_STORAGE = fixture('vssadmin-shadowstorage.txt');
export const EVENT = fixture('event.xml');
const GIB = 1024 ** 3;

export const sz = (data: string): RegistryValue => ({ type: 'sz', data });
export const dword = (data: number): RegistryValue => ({ type: 'dword', data });
export const binary = (data: string): RegistryValue => ({ type: 'binary', data });
export const multiSz = (...data: readonly string[]): RegistryValue => ({ type: 'multi-sz', data });

export const running: ServiceState = { state: 'running', start: 'auto', account: 'LocalSystem', program: '' };
export const onDemand: ServiceState = { ...running, state: 'stopped', start: 'manual' };
export const disabled: ServiceState = { ...running, state: 'stopped', start: 'disabled' };

export const SERVICES_KEY = 'HKLM\\SYSTEM\\CurrentControlSet\\Services';
export const CONTROL = 'HKLM\\SYSTEM\\CurrentControlSet\\Control';
export const FIREWALL = `${SERVICES_KEY}\\SharedAccess\\Parameters\\FirewallPolicy`;
export const MY_STORE = 'HKLM\\SOFTWARE\\Microsoft\\SystemCertificates\\MY\\Certificates';
export const AGENT_FOLDER = 'C:\\WindowsAzure\\GuestAgent_2.7.41491.1095_2024-01-15_094213';
export const AGENT_LOG = 'C:\\WindowsAzure\\Logs\\WaAppAgent.log';
export const VMSNAPSHOT = 'C:\\Packages\\Plugins\\Microsoft.Azure.RecoveryServices.VMSnapshot\\1.0.113.0';
export const OURS = 'C:\\ProgramData\\quiesced';
export const STATE = `${OURS}\\state`;
export const ADAPTER = `${SERVICES_KEY}\\Tcpip\\Parameters\\Interfaces\\{a}`;
export const DEFENDER_PATHS = 'HKLM\\SOFTWARE\\Microsoft\\Windows Defender\\Exclusions\\Paths';
export const MACHINE_KEYS = 'C:\\ProgramData\\Microsoft\\Crypto\\RSA\\MachineKeys';
export const RDP = `${CONTROL}\\Terminal Server`;
export const EMS = 'HKLM\\BCD00000000\\Objects\\{b}\\Elements\\260000b0\\Element';

/** A certificate as its store keeps it: named, and encoded. */
export function storedCertificate(friendlyName: string, encoded: Buffer = new X509Certificate(PEM).raw): RegistryValue {
  const property = (id: number, bytes: Buffer): Buffer => {
    const header = Buffer.alloc(12);
    for (const [at, value] of [id, 1, bytes.length].entries()) header.writeUInt32LE(value, at * 4);
    return Buffer.concat([header, bytes]);
  };
  const name = property(11, Buffer.from(`${friendlyName}\0`, 'utf16le'));
  return binary(Buffer.concat([property(3, Buffer.alloc(20)), name, property(32, encoded)]).toString('hex'));
}

export const RDP_RULE =
  'v2.22|Action=Allow|Active=TRUE|Dir=In|Protocol=6|Profile=Domain|Profile=Private|Profile=Public|LPort=3389|App=%SystemRoot%\\system32\\svchost.exe|Svc=termservice|Name=@FirewallAPI.dll,-28775|Desc=@FirewallAPI.dll,-28756|EmbedCtxt=@FirewallAPI.dll,-28752|';

export const extensionStatus = (status: string, code: number, message: string): string =>
  JSON.stringify([{ version: '1.0', status: { status, code, formattedMessage: { lang: 'en-US', message } } }]);

export const volume = (path: string, change: Partial<WindowsVolume> = {}): WindowsVolume => ({
  name: `\\\\?\\Volume{${path}}\\`,
  path,
  label: undefined,
  fileSystem: 'NTFS',
  locked: false,
  sizeBytes: 127 * GIB,
  freeBytes: 90 * GIB,
  dirty: false,
  ...change,
});

const PROFILES = ['DomainProfile', 'StandardProfile', 'PublicProfile'];

const registry: WindowsMachine['registry'] = {
  'HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\ProductName': sz('Windows Server 2022 Datacenter'),
  'HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\CurrentBuildNumber': sz('20348'),
  'HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\InstallationType': sz('Server'),
  'HKLM\\SOFTWARE\\Microsoft\\GuestAgent\\Incarnation': sz('1'),
  'HKLM\\SOFTWARE\\Microsoft\\NET Framework Setup\\NDP\\v4\\Full\\Release': dword(528_449),
  'HKLM\\SOFTWARE\\Microsoft\\.NETFramework\\v4.0.30319\\SchUseStrongCrypto': dword(1),
  'HKLM\\SOFTWARE\\WOW6432Node\\Microsoft\\.NETFramework\\v4.0.30319\\SchUseStrongCrypto': dword(1),
  [`${MY_STORE}\\${THUMB}\\Blob`]: storedCertificate('TenantEncryptionCert'),
  [valuePath(DEFENDER_PATHS, 'C:\\Packages\\Plugins')]: dword(0),
  'HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\{1}\\DisplayName': sz('Microsoft Edge'),
  [`${ADAPTER}\\EnableDHCP`]: dword(1),
  [`${ADAPTER}\\DhcpIPAddress`]: sz('10.0.0.4'),
  [`${ADAPTER}\\DhcpDefaultGateway`]: multiSz('10.0.0.1'),
  // A hundred years and more, the end of which does not fit.
  [`${ADAPTER}\\Lease`]: dword(0xffff_ffff),
  [`${ADAPTER}\\LeaseObtainedTime`]: dword(1_790_000_000),
  [`${ADAPTER}\\LeaseTerminatesTime`]: dword(1_789_999_999),
  ...Object.fromEntries(PROFILES.map((profile) => [`${FIREWALL}\\${profile}\\EnableFirewall`, dword(1)])),
  [`${FIREWALL}\\FirewallRules\\RemoteDesktop-UserMode-In-TCP`]: sz(RDP_RULE),
  [`${SERVICES_KEY}\\VSS\\Providers\\{b5946137-7b9f-4925-af80-51abd60b20d5}\\`]: sz(
    'Microsoft Software Shadow Copy provider 1.0',
  ),
  [`${SERVICES_KEY}\\VSS\\Providers\\{b5946137-7b9f-4925-af80-51abd60b20d5}\\Type`]: dword(1),
  ...Object.fromEntries(
    ['vmbus', 'storvsc', 'storflt', 'atapi', 'intelide'].map((name) => [`${SERVICES_KEY}\\${name}\\Start`, dword(0)]),
  ),
  [`${SERVICES_KEY}\\partmgr\\Parameters\\SanPolicy`]: dword(1),
  [`${CONTROL}\\ProductOptions\\ProductType`]: sz('ServerNT'),
  [`${CONTROL}\\TimeZoneInformation\\RealTimeIsUniversal`]: dword(1),
  [`${RDP}\\fDenyTSConnections`]: dword(0),
  [`${RDP}\\WinStations\\RDP-Tcp\\PortNumber`]: dword(3389),
  [`${RDP}\\WinStations\\RDP-Tcp\\LanAdapter`]: dword(0),
  [`${RDP}\\WinStations\\RDP-Tcp\\UserAuthentication`]: dword(1),
  'HKLM\\BCD00000000\\Objects\\{9dea862c-5cdd-4e70-acc1-f32b344d4795}\\Elements\\23000003\\Element': sz('{b}'),
  [EMS]: binary('01'),
};

const services: WindowsMachine['services'] = {
  RdAgent: { ...running, program: `${AGENT_FOLDER}\\WaAppAgent.exe` },
  WindowsAzureGuestAgent: running,
  ...Object.fromEntries(['VSS', 'swprv', 'COMSysApp', 'msiserver', 'Netman', 'TermService'].map((n) => [n, onDemand])),
  ...Object.fromEntries(
    ['EventSystem', 'CryptSvc', 'BFE', 'Dhcp', 'nsi', 'Dnscache', 'IKEEXT', 'iphlpsvc', 'MpsSvc', 'W32Time'].map(
      (name) => [name, running],
    ),
  ),
  MSDTC: { ...running, account: 'NT AUTHORITY\\NetworkService' },
  Netlogon: onDemand,
  WinDefend: running,
};

/** A Windows Server 2022 on Azure, with a data disk, and nothing wrong. */
export const HEALTHY_WINDOWS: WindowsMachine = {
  registry,
  services,
  files: {
    [`${AGENT_FOLDER}\\WaAppAgent.exe`]: peFile('2.7.41491.1095'),
    [AGENT_LOG]: '[INFO]  WindowsAzureGuestAgent Heartbeat.\r\n',
    [`${STATE}\\history.jsonl`]: `${JSON.stringify({ ...{ kind: 'rehearsal', taker: 'none', startedAt: new Date().toISOString() }, ...{ faults: [], wouldBe: 'crash' } })}\n`,
    [`${VMSNAPSHOT}\\status\\3.status`]: extensionStatus('success', 1, 'snapshot taken'),
    'D:\\DATALOSS_WARNING_README.txt': 'WARNING: THIS IS A TEMPORARY DISK.\r\n',
    'D:\\pagefile.sys': '',
    [`${MACHINE_KEYS}\\7a436fe806e483969f48a894af2fe9a1_02aab8a4`]: '',
  },
  agesMs: { [`${VMSNAPSHOT}\\status\\3.status`]: 24 * 3_600_000 },
  programs: {
    [VSSADMIN]: async (argv) => ({ stdout: argv.includes('writers') ? WRITERS : SHADOW_STORAGE }),
    [WEVTUTIL]: async (argv) => ({ stdout: argv.some((word) => word.startsWith('/q:')) ? '' : EVENT }),
  },
  volumes: [volume('C:\\'), volume('D:\\', { label: 'Temporary Storage' }), volume('F:\\')],
  // As icacls shows it: Everyone (R,W), Administrators (F).
  security: {
    [MACHINE_KEYS]: descriptor(SYSTEM, [
      { rights: 0x12_019f, who: EVERYONE },
      { rights: FULL, who: ADMINISTRATORS },
    ]),
  },
  processes: [],
  load: { busy: [10], memory: 40 },
  disks: [
    gptDisk([GPT_TYPES.efiSystem, 'EBD0A0A2-B9E5-4433-87C0-68B6B72699C7'], 127 * GIB),
    gptDisk(['EBD0A0A2-B9E5-4433-87C0-68B6B72699C7'], 64 * GIB),
  ],
};

const disk = { sizeGb: 127, storageType: 'Premium_LRS', managed: true, writeAccelerator: false };
export const WINDOWS_FACTS: Facts = {
  ...AZURE,
  platform: 'windows',
  distribution: { id: 'windows', versionId: '10.0.20348', variantId: undefined, prettyName: 'Windows', idLike: [] },
  kernel: '10.0.20348',
  firmware: 'uefi',
  cloud: {
    name: 'azure',
    imds: {
      name: 'win-01',
      vmId: '02aab8a4-74ef-476e-8182-f6d2ba4166a6',
      location: 'westeurope',
      environment: 'AzurePublicCloud',
      vmSize: 'Standard_D2s_v5',
      securityType: undefined,
      encryptionAtHost: false,
      plan: undefined,
      disks: [
        { ...disk, lun: undefined },
        { ...disk, lun: 0 },
      ],
      networkInterfaces: 1,
      hostAheadMs: 0,
    },
    imdsFault: undefined,
  },
};
