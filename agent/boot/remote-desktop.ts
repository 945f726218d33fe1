import { registryNumber, registryOf } from '../system/registry.ts';
import type { System } from '../system/system.ts';
import { nextStarts, startNumber } from './windows-starts.ts';

const TERMINAL_SERVER = 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server';
const LISTENER = `${TERMINAL_SERVER}\\WinStations\\RDP-Tcp`;
const POLICY = 'HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows NT\\Terminal Services';
const STORES = ['MY', 'Remote Desktop'].map(
  (name) => `HKLM\\SOFTWARE\\Microsoft\\SystemCertificates\\${name}\\Certificates`,
);

/** Where each of its settings is. */
export const RDP_VALUES = {
  denied: `${TERMINAL_SERVER}\\fDenyTSConnections`,
  port: `${LISTENER}\\PortNumber`,
  adapter: `${LISTENER}\\LanAdapter`,
  networkLevel: `${LISTENER}\\UserAuthentication`,
  certificate: `${LISTENER}\\SSLCertificateSHA1Hash`,
} as const;

/** What Azure's rules for a new machine open. */
export const RDP_PORT = 3389;
export const RDP_SERVICE = 'TermService';

/** How Remote Desktop is set; what is undefined is as Windows has it by itself. */
export interface RemoteDesktop {
  readonly denied: boolean;
  readonly byPolicy: boolean;
  readonly service: 'ready' | 'disabled' | 'not installed';
  readonly port: number;
  readonly adapter: number | undefined;
  readonly networkLevel: number | undefined;
  /** Thumbprint of the certificate that it is told to show, if that is in no store. */
  readonly lostCertificate: string | undefined;
}

export async function readRemoteDesktop(system: System): Promise<RemoteDesktop> {
  const [policy, own, adapter, networkLevel, port, starts, lostCertificate] = await Promise.all([
    registryNumber(system, `${POLICY}\\fDenyTSConnections`),
    registryNumber(system, RDP_VALUES.denied),
    registryNumber(system, RDP_VALUES.adapter),
    registryNumber(system, RDP_VALUES.networkLevel),
    rdpPort(system),
    nextStarts(system, [RDP_SERVICE]),
    lostCertificateOf(system),
  ]);
  const start = starts.get(RDP_SERVICE)?.start;
  return {
    denied: (policy ?? own ?? 1) !== 0,
    byPolicy: policy !== undefined,
    service: start === undefined ? 'not installed' : start === startNumber('disabled') ? 'disabled' : 'ready',
    port,
    adapter,
    networkLevel,
    lostCertificate,
  };
}

export const rdpPort = async (system: System): Promise<number> =>
  (await registryNumber(system, RDP_VALUES.port)) ?? RDP_PORT;

async function lostCertificateOf(system: System): Promise<string | undefined> {
  const registry = registryOf(system);
  const hash = await registry.read(RDP_VALUES.certificate);
  if (hash?.type !== 'binary') return undefined;
  const known = (await Promise.all(STORES.map((store) => registry.keys(store)))).flat();
  return known.some((thumbprint) => thumbprint.toLowerCase() === hash.data) ? undefined : hash.data;
}
