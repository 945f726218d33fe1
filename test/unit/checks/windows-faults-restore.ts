import { mbrDisk } from '../../fixtures/gpt.ts';
import { told, type WindowsFault, without } from './windows-fault.ts';
import {
  binary,
  CONTROL,
  disabled,
  dword,
  EMS,
  FIREWALL,
  RDP,
  RDP_RULE,
  running,
  SERVICES_KEY,
  sz,
  volume,
} from './windows-machine.ts';

const RULES = `${FIREWALL}\\FirewallRules`;

const start = (name: string, value: number) => ({ registry: { [`${SERVICES_KEY}\\${name}\\Start`]: dword(value) } });

export const WINDOWS_RESTORE_FAULTS: readonly WindowsFault[] = [
  {
    name: 'the driver of its disk is not started at boot',
    plant: start('storvsc', 3),
    found: 'win.boot-drivers',
    verdict: 'fail',
    detail: /storvsc is of start type 3/,
  },
  {
    name: 'a driver that Windows has left out of the boot of another hypervisor',
    plant: { registry: { [`${SERVICES_KEY}\\storvsc\\StartOverride\\0`]: dword(3) } },
    found: 'win.boot-drivers',
    verdict: 'fail',
    detail: /storvsc is kept from starting by its StartOverride/,
  },
  {
    name: 'IDE is not started at boot',
    plant: start('intelide', 3),
    found: 'win.boot-drivers',
    verdict: 'warn',
    detail: /intelide/,
  },
  {
    name: 'disks that stay offline',
    plant: { registry: { [`${SERVICES_KEY}\\partmgr\\Parameters\\SanPolicy`]: dword(2) } },
    found: 'win.san-policy',
    verdict: 'warn',
    detail: /OfflineShared/,
  },
  {
    name: 'Remote Desktop switched off',
    plant: { registry: { [`${RDP}\\fDenyTSConnections`]: dword(1) } },
    found: 'win.rdp',
    verdict: 'fail',
    detail: /switched off:/,
  },
  {
    name: 'Remote Desktop switched off by policy',
    plant: {
      registry: { 'HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows NT\\Terminal Services\\fDenyTSConnections': dword(1) },
    },
    found: 'win.rdp',
    verdict: 'fail',
    detail: /by policy/,
  },
  {
    name: 'a certificate of Remote Desktop that is gone',
    plant: { registry: { [`${RDP}\\WinStations\\RDP-Tcp\\SSLCertificateSHA1Hash`]: binary('ab'.repeat(20)) } },
    found: 'win.rdp',
    verdict: 'fail',
    detail: /abababab…/,
  },
  {
    name: 'Remote Desktop on one adapter',
    plant: { registry: { [`${RDP}\\WinStations\\RDP-Tcp\\LanAdapter`]: dword(1) } },
    found: 'win.rdp',
    verdict: 'warn',
    detail: /one adapter/,
  },
  {
    name: 'Remote Desktop disabled',
    plant: { services: { TermService: disabled } },
    found: 'win.rdp',
    verdict: 'fail',
    detail: /TermService is disabled/,
  },
  {
    name: 'a firewall without the rule for Remote Desktop',
    plant: {
      registry: { [`${RULES}\\RemoteDesktop-UserMode-In-TCP`]: sz(RDP_RULE.replace('Active=TRUE', 'Active=FALSE')) },
    },
    found: 'win.firewall',
    verdict: 'fail',
    detail: /Domain, Private, Public/,
  },
  {
    name: 'no DHCP client',
    plant: { services: { Dhcp: disabled } },
    found: 'win.services',
    verdict: 'fail',
    detail: /Dhcp is disabled/,
  },
  {
    name: 'no Netman',
    plant: { services: without('Netman') },
    found: 'win.services',
    verdict: 'warn',
    detail: /Netman is not installed/,
  },
  {
    name: 'a route of its own',
    plant: {
      registry: { [`${SERVICES_KEY}\\Tcpip\\Parameters\\PersistentRoutes\\10.1.0.0,255.255.0.0,10.0.0.254,1`]: sz('') },
    },
    found: 'win.routes-proxy',
    verdict: 'warn',
    detail: /a route to 10\.1\.0\.0/,
  },
  {
    name: 'no serial console',
    plant: { registry: without(EMS) },
    found: 'win.bcd',
    verdict: 'warn',
    detail: /EMS is off/,
  },
  {
    name: 'local time in the clock of the host',
    plant: { registry: without(`${CONTROL}\\TimeZoneInformation\\RealTimeIsUniversal`) },
    found: 'win.time',
    verdict: 'warn',
    detail: /local time/,
  },
  {
    name: 'nobody keeps the time',
    plant: { services: { W32Time: disabled } },
    found: 'win.time',
    verdict: 'warn',
    detail: /W32Time is disabled/,
  },
  {
    name: 'VMware Tools',
    plant: { services: { VMTools: running } },
    found: 'win.vmware-tools',
    verdict: 'warn',
    detail: /not VMware/,
    also: ['other.freezers warn'],
  },
  {
    name: 'a volume to be checked',
    plant: { volumes: [volume('C:\\'), volume('F:\\', { dirty: true })] },
    found: 'win.chkdsk',
    verdict: 'fail',
    detail: /F: is to be checked/,
  },
  {
    name: 'a disk of generation 1 under UEFI',
    plant: { disks: [mbrDisk(['07'])] },
    found: 'win.generation',
    verdict: 'info',
    detail: /generation 1, started by UEFI/,
  },
  {
    name: 'a plan of the marketplace',
    plant: told({ plan: 'publisher/offer' }),
    found: 'restore.marketplace-plan',
    verdict: 'info',
    detail: /publisher/,
  },
  {
    name: 'two adapters',
    plant: told({ networkInterfaces: 2 }),
    found: 'restore.nic-count',
    verdict: 'info',
    detail: /2/,
  },
  {
    name: 'a domain controller',
    plant: { registry: { [`${CONTROL}\\ProductOptions\\ProductType`]: sz('LanmanNT') } },
    found: 'restore.domain-controller',
    verdict: 'info',
    detail: /This machine is an Active Directory domain controller/,
  },
];
