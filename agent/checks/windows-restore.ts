import {
  IDE_DRIVERS,
  type NextStart,
  nextStarts,
  ONLINE_ALL,
  OTHER_SERVICES,
  REAL_TIME_IS_UNIVERSAL,
  SAN_POLICIES,
  SAN_POLICY,
  startNumber,
  TIME_SERVICE,
  VITAL_DRIVERS,
  VITAL_SERVICES,
} from '../boot/windows-starts.ts';
import { shownValue } from '../proxy/shown.ts';
import { winHttp } from '../proxy/windows.ts';
import { registryNumber } from '../system/registry.ts';
import { START_TYPES } from '../system/service-states.ts';
import { restoreLimit } from './azure.ts';
import { type Check, fail, pass, type Result, warn } from './check.ts';
import { SOURCES, WINDOWS_IMAGE } from './limits.ts';
import { persistentRoutes } from './windows-network.ts';
import { servicesOf } from './windows-services.ts';

export const driversStartAtBoot: Check = {
  id: 'win.boot-drivers',
  group: 'restore',
  title: 'The drivers of Hyper-V start with Windows',
  platforms: ['windows'],
  source: SOURCES.hydration,
  async run(system, context) {
    const drivers = [...VITAL_DRIVERS, ...IDE_DRIVERS];
    return restoreLimit(context, judgeDrivers(await nextStarts(system, drivers)));
  },
};

export function judgeDrivers(starts: ReadonlyMap<string, NextStart>): Result {
  const wrong = [...starts].flatMap(([name, next]) => {
    const why = whyNotAtBoot(next);
    return why === undefined ? [] : [{ name, why }];
  });
  if (wrong.length === 0) return pass([...starts.keys()].join(', '));
  const vital: readonly string[] = VITAL_DRIVERS;
  const names = wrong.map(({ name, why }) => `${name} ${why}`).join(', ');
  const remedy = 'Have them started with Windows:\n$ quiesced repair win.boot-drivers';
  return wrong.some(({ name }) => vital.includes(name))
    ? fail(`${names}: Windows does not find its disk in Azure`, remedy)
    : warn(`${names}: a machine of generation 1 may not find its disk in Azure`, remedy);
}

function whyNotAtBoot({ start, overrides }: NextStart): string | undefined {
  if (start === undefined) return 'is not installed';
  if (start !== startNumber('boot')) return `is of start type ${start}`;
  return overrides.length === 0 ? undefined : 'is kept from starting by its StartOverride';
}

export const disksComeOnline: Check = {
  id: 'win.san-policy',
  group: 'restore',
  title: 'Disks that are new come online by themselves',
  platforms: ['windows'],
  source: `${WINDOWS_IMAGE.source}; ${SOURCES.hydration}`,
  async run(system, context) {
    return restoreLimit(context, judgeSanPolicy(await registryNumber(system, SAN_POLICY)));
  },
};

export function judgeSanPolicy(policy: number | undefined): Result {
  if (policy === ONLINE_ALL) return pass('OnlineAll');
  return warn(
    `the SAN policy is ${policy === undefined ? 'not set' : (SAN_POLICIES[policy] ?? policy)}: data disks of a restored machine may stay offline`,
    'Set it, for the next start or at once:\n$ quiesced repair win.san-policy\n$ powershell Set-StorageSetting -NewDiskPolicy OnlineAll',
  );
}

export const servicesOfNetworkStart: Check = {
  id: 'win.services',
  group: 'restore',
  title: 'No service is disabled that the network needs',
  platforms: ['windows'],
  source: WINDOWS_IMAGE.source,
  async run(system) {
    return judgeNetworkServices(await nextStarts(system, [...VITAL_SERVICES, ...OTHER_SERVICES]));
  },
};

export function judgeNetworkServices(services: ReadonlyMap<string, NextStart>): Result {
  const off = [...services].filter(([, { start }]) => start === undefined || start === startNumber('disabled'));
  if (off.length === 0) return pass(`${services.size} services`);
  const names = off
    .map(([name, { start }]) => `${name} is ${start === undefined ? 'not installed' : 'disabled'}`)
    .join(', ');
  const vital: readonly string[] = VITAL_SERVICES;
  const remedy = 'Have those that are disabled started again, from the next start on:\n$ quiesced repair win.services';
  return off.some(([name]) => vital.includes(name))
    ? fail(`${names}: a restored machine would not come onto the network`, remedy)
    : warn(names, remedy);
}

export const routesFitAnywhere: Check = {
  id: 'win.routes-proxy',
  group: 'restore',
  title: 'No route or proxy ties it to the network of today',
  platforms: ['windows'],
  source: WINDOWS_IMAGE.source,
  async run(system, context) {
    const [routes, http] = await Promise.all([persistentRoutes(system), winHttp.read(system)]);
    return restoreLimit(context, judgeRoutes(routes, http.find(({ name }) => name === 'proxy')?.value));
  },
};

export function judgeRoutes(routes: readonly string[], proxy: string | undefined): Result {
  const found = [
    ...routes.map((route) => `a route to ${route.split(',')[0]}`),
    ...(proxy === undefined ? [] : [`a proxy of WinHTTP, ${shownValue(proxy)}`]),
  ];
  if (found.length === 0) return pass('none');
  return warn(
    `${found.join(', ')}: in another network they lead nowhere`,
    'Keep what the network of a restore has too, and remove the rest:\n$ route print\n$ netsh winhttp show proxy',
  );
}

export const clockIsUniversal: Check = {
  id: 'win.time',
  group: 'restore',
  title: "Windows takes the host's clock for UTC, and keeps time",
  platforms: ['windows'],
  source: WINDOWS_IMAGE.source,
  async run(system, context) {
    const start = (await nextStarts(system, [TIME_SERVICE])).get(TIME_SERVICE)?.start;
    const universal = await registryNumber(system, REAL_TIME_IS_UNIVERSAL);
    return restoreLimit(context, judgeTime(universal, start === undefined ? undefined : START_TYPES[start]));
  },
};

const MEND_TIME = 'Have it put right:\n$ quiesced repair win.time';

export function judgeTime(universal: number | undefined, start: string | undefined): Result {
  if (universal !== 1) {
    return warn("Windows takes the host's clock for local time: a restored machine starts some hours off", MEND_TIME);
  }
  if (start === 'auto') return pass('UTC, and W32Time starts by itself');
  return warn(`W32Time is ${start ?? 'not installed'}: nobody keeps the clock right`, MEND_TIME);
}

export const noVmwareTools: Check = {
  id: 'win.vmware-tools',
  group: 'restore',
  title: 'VMware Tools run on VMware only',
  platforms: ['windows'],
  source: SOURCES.hydration,
  async run(system, { facts }) {
    const { VMTools: service } = await servicesOf(system, ['VMTools']);
    return judgeVmwareTools(service?.start, facts.hypervisor);
  },
};

export function judgeVmwareTools(start: string | undefined, hypervisor: string | undefined): Result {
  if (start === undefined) return pass('not installed');
  if (start === 'disabled' || hypervisor === 'vmware')
    return pass(start === 'disabled' ? 'disabled' : 'this is VMware');
  return warn(
    'the service of VMware Tools starts, and this is not VMware: its own VSS provider takes part in each snapshot',
    '$ sc.exe config VMTools start= disabled',
  );
}
