import type { System } from '../system/system.ts';
import { onAzure } from './azure.ts';
import { type Check, info, pass, type Result, skip } from './check.ts';
import { AZURE_HOST } from './limits.ts';
import { judgeWindowsAddresses, windowsAdapters } from './windows-network.ts';

/** The adapter that leads to Azure's host, its addresses, and the one that packets to the host come from. */
export interface AddressSigns {
  readonly device: string;
  readonly source: string;
  readonly gateway: string | undefined;
  /** The first one is that of DHCP, or the primary one of the adapter. */
  readonly addresses: readonly string[];
}

const QUERY_MS = 3000;

/** The host answers the primary address of the first adapter only. */
export const oneAddressTowardsHost: Check = {
  id: 'net.multi-ip',
  group: 'network',
  title: 'The first network adapter has one address',
  source: AZURE_HOST.source,
  async run(system, { facts, evidence }) {
    if (!onAzure(facts)) return skip('not on Azure');
    if (!system.live) return skip('only a running machine has addresses');
    if (system.platform === 'windows') {
      return judgeWindowsAddresses(await evidence(windowsAdapters), system.clock.now().getTime());
    }
    const signs = await gatherAddresses(system);
    return signs === undefined ? skip('the program ip does not tell') : judgeAddresses(signs);
  },
};

/** `ip route get` asks the kernel which way it would take, and sends nothing. */
async function gatherAddresses(system: System): Promise<AddressSigns | undefined> {
  const ask = async (...args: readonly string[]) => {
    const { exitCode, stdout } = await system.run(['ip', '-json', '-4', ...args], { timeoutMs: QUERY_MS });
    return exitCode === 0 ? stdout : '';
  };
  const [route, addresses] = await Promise.all([
    ask('route', 'get', AZURE_HOST.address),
    ask('address', 'show', 'scope', 'global'),
  ]);
  return addressSigns(route, addresses);
}

/** From the two answers of ip(8); undefined when they are not of the known form. */
export function addressSigns(routeJson: string, addressJson: string): AddressSigns | undefined {
  const [route] = listOf(parse(routeJson));
  const { dev: device, prefsrc: source, gateway } = object(route);
  if (typeof device !== 'string' || typeof source !== 'string') return undefined;
  const shown = listOf(parse(addressJson))
    .map(object)
    .find(({ ifname }) => ifname === device);
  const found = listOf(shown?.addr_info).map(object);
  const ranked = [
    ...found.filter(({ dynamic }) => dynamic === true),
    ...found.filter(({ dynamic }) => dynamic !== true),
  ];
  const addresses = ranked.map(({ local }) => local).filter((local) => typeof local === 'string');
  return { device, source, gateway: typeof gateway === 'string' ? gateway : undefined, addresses };
}

export function judgeAddresses({ device, source, gateway, addresses }: AddressSigns): Result {
  if (addresses.length <= 1) return pass(`${device} has ${source}`);
  const several = `${device} has ${addresses.length} addresses, and packets to the host come from ${source}`;
  if (source === addresses[0]) return info(several);
  const via = gateway === undefined ? '' : ` via ${gateway}`;
  return info(
    `${several}, which is not the first one`,
    `The host knows the primary address alone. Send from it, now, and for good where the network has its configuration:\n$ ip route replace ${AZURE_HOST.address}/32${via} dev ${device} src ${addresses[0]}`,
  );
}

const object = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
