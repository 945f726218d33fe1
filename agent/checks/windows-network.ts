import { registryList, registryNumber, registryOf, registryText } from '../system/registry.ts';
import type { System } from '../system/system.ts';
import { fail, info, pass, type Result, skip, warn } from './check.ts';
import { AZURE_HOST } from './limits.ts';

/** An adapter that TCP/IP is bound to, as its settings have it. */
export interface WindowsAdapter {
  readonly id: string;
  readonly dhcp: boolean;
  /** The address that DHCP gave it. */
  readonly leased: string | undefined;
  /** Until when; undefined where it has no end, or none is told. */
  readonly leaseEndsMs: number | undefined;
  /** Addresses that were set by hand. */
  readonly fixed: readonly string[];
  readonly hasGateway: boolean;
}

const TCPIP = 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\Tcpip\\Parameters';

export async function windowsAdapters(system: System): Promise<readonly WindowsAdapter[]> {
  const key = `${TCPIP}\\Interfaces`;
  return Promise.all((await registryOf(system).keys(key)).map((id) => adapterOf(system, `${key}\\${id}`, id)));
}

async function adapterOf(system: System, key: string, id: string): Promise<WindowsAdapter> {
  const [dhcp, lease, obtained, ends] = await Promise.all(
    ['EnableDHCP', 'Lease', 'LeaseObtainedTime', 'LeaseTerminatesTime'].map((name) =>
      registryNumber(system, `${key}\\${name}`),
    ),
  );
  const [fixed = [], ...gateways] = await Promise.all(
    ['IPAddress', 'DefaultGateway', 'DhcpDefaultGateway'].map((name) => registryList(system, `${key}\\${name}`)),
  );
  return {
    id,
    dhcp: dhcp !== 0,
    leased: await registryText(system, `${key}\\DhcpIPAddress`),
    leaseEndsMs: endOfLease(lease, obtained, ends),
    fixed: fixed.filter((address) => address !== NONE),
    hasGateway: gateways.flat().some((address) => address !== NONE),
  };
}

/** An address that is none: of an adapter that waits for one, or of a list that nobody has filled in. */
const NONE = '0.0.0.0';

/** Seconds. */
const ENDLESS = 2 ** 31;

/**
 * All three in seconds, the last two since 1970, as "LeaseTerminatesTime" of Microsoft's registry reference has them.
 * Azure gives leases of more than a hundred years: added to the time of today they do not fit into 32 bits, so that an
 * end that is not after the beginning is none.
 */
function endOfLease(lease = 0, obtained = 0, ends = 0): number | undefined {
  return lease >= ENDLESS || ends <= obtained ? undefined : ends * 1000;
}

const isLeased = ({ dhcp, leased }: WindowsAdapter): boolean => dhcp && leased !== undefined && leased !== NONE;
const isCurrent = (adapter: WindowsAdapter, nowMs: number): boolean =>
  isLeased(adapter) && (adapter.leaseEndsMs === undefined || adapter.leaseEndsMs > nowMs);

/**
 * Part of `net.dhcp`. Settings of adapters that have gone stay, a lease with them: it counts until it ends. Of fixed
 * addresses only one of an adapter that is here is in use.
 */
export function judgeWindowsDhcp(adapters: readonly WindowsAdapter[], nowMs: number): Result {
  if (adapters.length === 0) return skip('no adapter has settings of TCP/IP');
  const leased = adapters.filter((adapter) => isCurrent(adapter, nowMs));
  if (leased.length > 0) return pass(leased.map(({ leased: address }) => address).join(', '));
  const fixed = adapters.filter(({ dhcp }) => !dhcp);
  if (fixed.length > 0) {
    return warn(
      `a fixed address is set in Windows (${fixed.map(({ id }) => id).join(', ')}), and no adapter has one by DHCP: Azure's host answers no machine that it gave no address`,
      'Give the address in Azure, where it can be a fixed one, and take it by DHCP here:\n$ powershell "Get-NetAdapter -Physical | Set-NetIPInterface -Dhcp Enabled"',
    );
  }
  const lapsed = adapters.filter(isLeased);
  if (lapsed.length === 0) return skip('no adapter has an address of DHCP, and none a fixed one');
  const ended = lapsed.map(({ leased: address, leaseEndsMs = 0 }) => `that of ${address} on ${dayOf(leaseEndsMs)}`);
  return warn(
    `DHCP is on, but every lease has ended: ${ended.join(', ')}. Nobody has renewed it`,
    'See that the clock is right (os.clock) and that the client of DHCP runs, and ask for another lease:\n$ net start Dhcp\n$ ipconfig /renew',
  );
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/**
 * Part of `net.multi-ip`. Of the adapters with a gateway, since Azure gives one to the first adapter alone. A lease and
 * addresses beside it stand together where netsh was told `dhcpstaticipcoexistence=enabled`.
 */
export function judgeWindowsAddresses(adapters: readonly WindowsAdapter[], nowMs: number): Result {
  const inUse = adapters
    .map((adapter) => ({ ...adapter, addresses: addressesOf(adapter, nowMs) }))
    .filter(({ addresses }) => addresses.length > 0);
  const leading = inUse.filter(({ hasGateway }) => hasGateway);
  const concerned = leading.length > 0 ? leading : inUse;
  if (concerned.length === 0) return skip('no adapter has an address in its settings');
  const several = concerned.find(({ addresses }) => addresses.length > 1);
  if (several === undefined) return pass(concerned.flatMap(({ addresses }) => addresses).join(', '));
  return info(
    `the adapter ${several.id} has ${several.addresses.length} addresses: ${several.addresses.join(', ')}`,
    `The host knows the primary address alone. See which one packets to it come from, and keep the others from being chosen:\n$ powershell "Find-NetRoute -RemoteIPAddress ${AZURE_HOST.address} | Select-Object IPAddress"\n$ powershell "Set-NetIPAddress -IPAddress ADDRESS -SkipAsSource 1"`,
  );
}

const addressesOf = (adapter: WindowsAdapter, nowMs: number): readonly string[] => [
  ...new Set([...(isCurrent(adapter, nowMs) ? [adapter.leased ?? NONE] : []), ...adapter.fixed]),
];

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
