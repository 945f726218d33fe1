import { registryNumber, registryOf, registryText } from '../system/registry.ts';
import type { System } from '../system/system.ts';
import { fail, pass, type Result, skip, warn } from './check.ts';

/** An adapter that TCP/IP is bound to, as its settings have it. */
export interface WindowsAdapter {
  readonly id: string;
  readonly dhcp: boolean;
  /** The address that DHCP gave it. */
  readonly leased: string | undefined;
}

const TCPIP = 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\Tcpip\\Parameters';

export async function windowsAdapters(system: System): Promise<readonly WindowsAdapter[]> {
  const key = `${TCPIP}\\Interfaces`;
  return Promise.all(
    (await registryOf(system).keys(key)).map(async (id) => ({
      id,
      dhcp: (await registryNumber(system, `${key}\\${id}\\EnableDHCP`)) !== 0,
      leased: await registryText(system, `${key}\\${id}\\DhcpIPAddress`),
    })),
  );
}

/** `DhcpIPAddress` of an adapter that waits for one. */
const NONE = '0.0.0.0';

/** Part of `net.dhcp`. Settings of adapters that have gone stay, but only one that is here has a fixed address in use. */
export function judgeWindowsDhcp(adapters: readonly WindowsAdapter[]): Result {
  const fixed = adapters.filter(({ dhcp }) => !dhcp);
  const leased = adapters.filter(({ dhcp, leased: address }) => dhcp && address !== undefined && address !== NONE);
  if (adapters.length === 0) return skip('no adapter has settings of TCP/IP');
  if (leased.length > 0) return pass(leased.map(({ leased: address }) => address).join(', '));
  if (fixed.length === 0) return skip('no adapter has an address of DHCP, and none a fixed one');
  return warn(
    `a fixed address is set in Windows (${fixed.map(({ id }) => id).join(', ')}), and no adapter has one by DHCP: Azure's host answers no machine that it gave no address`,
    'Give the address in Azure, where it can be a fixed one, and take it by DHCP here:\n$ powershell "Get-NetAdapter -Physical | Set-NetIPInterface -Dhcp Enabled"',
  );
}

/** Names of values: `10.1.0.0,255.255.0.0,10.0.0.254,1`, by which `route -p` keeps them. */
export const persistentRoutes = (system: System): Promise<readonly string[]> =>
  registryOf(system).names(`${TCPIP}\\PersistentRoutes`);

const SCHANNEL = 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols\\TLS 1.2\\Client';

/** Whether Windows may speak TLS 1.2 as a client; undefined: as Windows has it by itself, which is yes since 2012. */
export interface Schannel {
  readonly enabled: number | undefined;
  readonly disabledByDefault: number | undefined;
}

export async function gatherSchannel(system: System): Promise<Schannel> {
  const [enabled, disabledByDefault] = await Promise.all(
    ['Enabled', 'DisabledByDefault'].map((name) => registryNumber(system, `${SCHANNEL}\\${name}`)),
  );
  return { enabled, disabledByDefault };
}

/** Part of `net.tls`. Nothing is asked of the network: the extension uses Windows' own TLS, and Node would use another. */
export function judgeSchannel({ enabled, disabledByDefault }: Schannel): Result {
  if (enabled !== 0 && (disabledByDefault ?? 0) === 0) {
    return pass(enabled === undefined ? 'TLS 1.2, as Windows has it by itself' : 'TLS 1.2 is switched on');
  }
  return fail(
    'TLS 1.2 is switched off in Windows (SCHANNEL): Azure refuses what is older',
    `Switch it on, then restart the machine:\n$ reg add "${SCHANNEL}" /v Enabled /t REG_DWORD /d 1 /f\n$ reg add "${SCHANNEL}" /v DisabledByDefault /t REG_DWORD /d 0 /f`,
  );
}
