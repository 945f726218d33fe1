import { registryNumber, registryOf, registryText } from '../system/registry.ts';
import type { System } from '../system/system.ts';
import { restoreLimit } from './azure.ts';
import { type Check, fail, pass, type Result, skip, warn } from './check.ts';
import { WINDOWS_IMAGE } from './limits.ts';
import { RDP_PORT, rdpPort } from './windows-firewall.ts';
import { servicesOf } from './windows-services.ts';

const TERMINAL_SERVER = 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server';
const LISTENER = `${TERMINAL_SERVER}\\WinStations\\RDP-Tcp`;
const POLICY = 'HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows NT\\Terminal Services';
const STORES = ['MY', 'Remote Desktop'].map(
  (name) => `HKLM\\SOFTWARE\\Microsoft\\SystemCertificates\\${name}\\Certificates`,
);

/** How Remote Desktop is set; what is undefined is as Windows has it by itself. */
export interface RemoteDesktop {
  readonly denied: boolean;
  readonly byPolicy: boolean;
  readonly serviceStart: string | undefined;
  readonly port: number;
  readonly adapter: number | undefined;
  readonly networkLevel: number | undefined;
  /** Thumbprint of the certificate that it is told to show, if that is in no store. */
  readonly lostCertificate: string | undefined;
}

/** The one way into a restored Windows, the serial console apart. */
export const remoteDesktopLetsIn: Check = {
  id: 'win.rdp',
  group: 'restore',
  title: 'Remote Desktop lets in whoever may log in',
  platforms: ['windows'],
  source: WINDOWS_IMAGE.source,
  async run(system, context) {
    return restoreLimit(context, judgeRemoteDesktop(await readRemoteDesktop(system)));
  },
};

async function readRemoteDesktop(system: System): Promise<RemoteDesktop> {
  const [policy, own, adapter, networkLevel, port, { TermService: service }, lostCertificate] = await Promise.all([
    registryNumber(system, `${POLICY}\\fDenyTSConnections`),
    registryNumber(system, `${TERMINAL_SERVER}\\fDenyTSConnections`),
    registryNumber(system, `${LISTENER}\\LanAdapter`),
    registryNumber(system, `${LISTENER}\\UserAuthentication`),
    rdpPort(system),
    servicesOf(system, ['TermService']),
    lostCertificateOf(system),
  ]);
  const denied = (policy ?? own ?? 1) !== 0;
  return {
    denied,
    byPolicy: policy !== undefined,
    serviceStart: service?.start,
    port,
    adapter,
    networkLevel,
    lostCertificate,
  };
}

async function lostCertificateOf(system: System): Promise<string | undefined> {
  const registry = registryOf(system);
  const hash = await registry.read(`${LISTENER}\\SSLCertificateSHA1Hash`);
  if (hash?.type !== 'binary') return undefined;
  const known = (await Promise.all(STORES.map((store) => registry.keys(store)))).flat();
  return known.some((thumbprint) => thumbprint.toLowerCase() === hash.data) ? undefined : hash.data;
}

export function judgeRemoteDesktop(desktop: RemoteDesktop): Result {
  const { denied, byPolicy, serviceStart, port, adapter = 0, networkLevel, lostCertificate } = desktop;
  if (serviceStart === undefined || serviceStart === 'disabled') {
    return fail(
      `the service TermService is ${serviceStart ?? 'not installed'}`,
      '$ sc.exe config TermService start= demand',
    );
  }
  if (denied) {
    return fail(
      `Remote Desktop is switched off${byPolicy ? ' by policy' : ''}: nobody could log in to a restored machine`,
      byPolicy
        ? 'Change the policy "Allow users to connect remotely by using Remote Desktop Services".'
        : `$ reg add "${TERMINAL_SERVER}" /v fDenyTSConnections /t REG_DWORD /d 0 /f`,
    );
  }
  if (lostCertificate !== undefined) {
    return fail(
      `Remote Desktop is to show the certificate ${lostCertificate.slice(0, 8)}…, which is in no store: it admits nobody`,
      `Let it make one of its own:\n$ reg delete "${LISTENER}" /v SSLCertificateSHA1Hash /f`,
    );
  }
  if (adapter !== 0) {
    return warn(
      `Remote Desktop listens on one adapter only (${adapter}), and a restored machine has another`,
      `$ reg add "${LISTENER}" /v LanAdapter /t REG_DWORD /d 0 /f`,
    );
  }
  if (port !== RDP_PORT) {
    return warn(
      `Remote Desktop listens on port ${port}: rules of Azure for a new machine open ${RDP_PORT}`,
      `Have port ${port} opened after a restore, or set it back:\n$ reg add "${LISTENER}" /v PortNumber /t REG_DWORD /d ${RDP_PORT} /f`,
    );
  }
  if (networkLevel === 0) {
    return warn(
      'Remote Desktop asks who somebody is only after the connection is made',
      `$ reg add "${LISTENER}" /v UserAuthentication /t REG_DWORD /d 1 /f`,
    );
  }
  return pass(`port ${port}`);
}

/** The boot configuration, which is a hive of the registry; numbers are those of BcdOSLoaderElementTypes. */
const OBJECTS = 'HKLM\\BCD00000000\\Objects';
const BOOT_MANAGER = '{9dea862c-5cdd-4e70-acc1-f32b344d4795}';
const DEFAULT_OBJECT = '23000003';
const EMS_ENABLED = '260000b0';

export const serialConsoleOfWindows: Check = {
  id: 'win.bcd',
  group: 'restore',
  title: 'The serial console of Windows is on',
  platforms: ['windows'],
  needsRoot: true,
  source: WINDOWS_IMAGE.source,
  async run(system, context) {
    const loader = await registryText(system, `${OBJECTS}\\${BOOT_MANAGER}\\Elements\\${DEFAULT_OBJECT}\\Element`);
    if (loader === undefined) return skip('the boot configuration names no default');
    const ems = await registryOf(system).read(`${OBJECTS}\\${loader}\\Elements\\${EMS_ENABLED}\\Element`);
    return restoreLimit(context, judgeEms(ems?.type === 'binary' && /^0*1/.test(ems.data)));
  },
};

export const judgeEms = (on: boolean): Result =>
  on
    ? pass('EMS is on')
    : warn(
        'EMS is off: when a restored machine does not come onto the network, nobody can look into it',
        '$ bcdedit /ems {current} on\n$ bcdedit /emssettings EMSPORT:1 EMSBAUDRATE:115200',
      );
