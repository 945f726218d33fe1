import { registryNumber, registryOf } from '../system/registry.ts';
import { START_TYPES, type StartType } from '../system/service-states.ts';
import type { System } from '../system/system.ts';

const SERVICES = 'HKLM\\SYSTEM\\CurrentControlSet\\Services';

/** Drivers that Windows starts from a disk of Hyper-V with; the others only where it is attached by IDE. */
export const VITAL_DRIVERS = ['vmbus', 'storvsc'] as const;
export const IDE_DRIVERS = ['storflt', 'atapi', 'intelide'] as const;

/**
 * What Windows brings a service or driver up with when it starts next. The service control manager reads it from here
 * then, and answers until then by what it read last.
 */
export interface NextStart {
  /** Its number in `START_TYPES`; undefined where it is not installed. */
  readonly start: number | undefined;
  /**
   * Values that count more than that one. Windows makes them for drivers of boot which the machine of that day did
   * without, so that a system which has long run on another hypervisor does not find its disk on Hyper-V.
   */
  readonly overrides: readonly string[];
}

export const startPath = (name: string): string => `${SERVICES}\\${name}\\Start`;
const overridesKey = (name: string): string => `${SERVICES}\\${name}\\StartOverride`;
export const startNumber = (type: StartType): number => START_TYPES.indexOf(type);

export async function nextStarts<Name extends string>(
  system: System,
  names: readonly Name[],
): Promise<ReadonlyMap<Name, NextStart>> {
  const starts = names.map(async (name) => [name, await nextStart(system, name)] as const);
  return new Map(await Promise.all(starts));
}

async function nextStart(system: System, name: string): Promise<NextStart> {
  const key = overridesKey(name);
  const [start, values] = await Promise.all([registryNumber(system, startPath(name)), registryOf(system).names(key)]);
  const overrides = values.map(async (value) => {
    const path = `${key}\\${value}`;
    const type = await registryNumber(system, path);
    return type === undefined || type === startNumber('boot') ? [] : [path];
  });
  return { start, overrides: (await Promise.all(overrides)).flat() };
}

/** SanPolicy of partmgr: 1 brings every new disk online; VDS_SAN_POLICY of vds.h. */
export const SAN_POLICY = `${SERVICES}\\partmgr\\Parameters\\SanPolicy`;
export const SAN_POLICIES = ['unknown', 'OnlineAll', 'OfflineShared', 'OfflineAll', 'OfflineInternal'] as const;
export const ONLINE_ALL = SAN_POLICIES.indexOf('OnlineAll');

/** What a machine is not to be reached without, and what its network and its firewall go by. */
export const VITAL_SERVICES = ['BFE', 'Dhcp', 'nsi'] as const;
/** RemoteRegistry is on the same page; it is left out because clients have it disabled, and nothing here needs it. */
export const OTHER_SERVICES = ['Dnscache', 'IKEEXT', 'iphlpsvc', 'MpsSvc', 'Netlogon', 'Netman'] as const;

/** Whether the clock of the hardware, which the host gives, is taken for UTC. */
export const REAL_TIME_IS_UNIVERSAL =
  'HKLM\\SYSTEM\\CurrentControlSet\\Control\\TimeZoneInformation\\RealTimeIsUniversal';
export const TIME_SERVICE = 'W32Time';
