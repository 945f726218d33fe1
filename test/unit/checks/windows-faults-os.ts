import type { WindowsFault } from './windows-fault.ts';
import { dword, running, sz } from './windows-machine.ts';

const VERSION = 'HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion';
const SRP = 'HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\SrpV2';
const rule = (sid: string, path: string): string =>
  `<FilePathRule Id="921cc481-6e17-4653-8f75-050b80acca20" Name="n" Description="" UserOrGroupSid="${sid}" Action="Allow"><Conditions><FilePathCondition Path="${path}"/></Conditions></FilePathRule>`;
const appLocker = (xml: string): Pick<WindowsFault, 'plant'> => ({
  plant: {
    registry: { [`${SRP}\\Exe\\EnforcementMode`]: dword(1), [`${SRP}\\Exe\\{1}\\Value`]: sz(xml) },
    services: { AppIDSvc: running },
  },
});

export const WINDOWS_OS_FAULTS: readonly WindowsFault[] = [
  {
    name: 'processors that stay busy',
    plant: { load: { busy: [97, 95], memory: 40 } },
    found: 'os.load',
    verdict: 'warn',
    detail: /95 % of the CPUs .* busy for seconds/,
  },
  {
    name: 'memory that is short',
    plant: { load: { busy: [97, 20], memory: 96 } },
    found: 'os.load',
    verdict: 'warn',
    detail: /20 % of the CPUs and 96 % of memory in use: memory is short/,
  },
  {
    name: 'Windows Server 2012 R2',
    plant: { registry: { [`${VERSION}\\CurrentBuildNumber`]: sz('9600') } },
    found: 'os.supported.windows',
    verdict: 'warn',
    detail: /build 9600 \(Server\): backups may work/,
  },
  {
    name: 'Windows Vista',
    plant: {
      registry: { [`${VERSION}\\CurrentBuildNumber`]: sz('6002'), [`${VERSION}\\InstallationType`]: sz('Client') },
    },
    found: 'os.supported.windows',
    verdict: 'fail',
    detail: /not supported/,
  },
  {
    name: 'Nano Server',
    plant: { registry: { [`${VERSION}\\InstallationType`]: sz('Nano Server') } },
    found: 'os.supported.windows',
    verdict: 'warn',
    detail: /no kind that is known/,
  },
  {
    name: 'a Windows of 32 bits',
    plant: { facts: { architecture: 'i686' } },
    found: 'os.arch64',
    verdict: 'fail',
    detail: /i686/,
  },
  {
    name: 'one CPU',
    plant: { facts: { cpus: 1 } },
    found: 'os.cpu-ram',
    verdict: 'fail',
    detail: /1 CPU/,
  },
  {
    name: 'Docker',
    plant: { services: { docker: running, containerd: { ...running, state: 'stopped' } } },
    found: 'os.docker',
    verdict: 'warn',
    detail: /^docker: /,
  },
  {
    name: 'a node of a cluster',
    plant: { services: { ClusSvc: running } },
    found: 'os.cluster-csv',
    verdict: 'warn',
    detail: /node of a failover cluster/,
  },
  {
    name: 'volumes of a cluster',
    plant: { services: { ClusSvc: running }, files: { 'C:\\ClusterStorage\\Volume1\\vm.vhdx': '' } },
    found: 'os.cluster-csv',
    verdict: 'fail',
    detail: /Volume1/,
  },
  {
    name: 'AppLocker with rules for Windows alone',
    ...appLocker(rule('S-1-1-0', '%WINDIR%\\*')),
    found: 'os.security',
    verdict: 'fail',
    detail: /AppLocker \(Exe\) lets LocalSystem run nothing/,
  },
  {
    name: 'AppLocker with rules, of which nobody has said whether they are enforced',
    plant: {
      registry: { [`${SRP}\\Exe\\{1}\\Value`]: sz(rule('S-1-1-0', '%WINDIR%\\*')) },
      services: { AppIDSvc: running },
    },
    found: 'os.security',
    verdict: 'fail',
    detail: /AppLocker \(Exe\) lets LocalSystem run nothing/,
  },
  {
    name: 'AppLocker with rules by publisher',
    ...appLocker(
      '<FilePublisherRule Id="1" Name="n" UserOrGroupSid="S-1-1-0" Action="Allow"><Conditions></Conditions></FilePublisherRule>',
    ),
    found: 'os.security',
    verdict: 'info',
    detail: /by their publisher/,
  },
];
