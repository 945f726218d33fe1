import {
  IDE_DRIVERS,
  nextStarts,
  ONLINE_ALL,
  OTHER_SERVICES,
  REAL_TIME_IS_UNIVERSAL,
  SAN_POLICIES,
  SAN_POLICY,
  startNumber,
  startPath,
  TIME_SERVICE,
  VITAL_DRIVERS,
  VITAL_SERVICES,
} from '../boot/windows-starts.ts';
import type { FileChange } from '../system/changes.ts';
import { registryNumber } from '../system/registry.ts';
import type { StartType } from '../system/service-states.ts';
import type { Note } from '../system/transaction.ts';
import type { Repair } from './repair.ts';

export const setNumber = (path: string, data: number): FileChange => ({
  do: 'set-value',
  path,
  value: { type: 'dword', data },
});

/** Windows binds none of them to a disk that is not there: elsewhere than on Hyper-V they are started for nothing. */
export const bootDrivers: Repair = {
  id: 'win.boot-drivers',
  check: 'win.boot-drivers',
  title: "Start Hyper-V's drivers with Windows",
  platforms: ['windows'],
  risk: 'From the next start on Windows loads some drivers more, which stay idle where there is no such disk.',
  safe: true,

  async plan(system) {
    const starts = [...(await nextStarts(system, [...VITAL_DRIVERS, ...IDE_DRIVERS]))];
    const changes = starts.flatMap(([name, { start, overrides }]): readonly FileChange[] => {
      if (start === undefined) return [];
      const own = start === startNumber('boot') ? [] : [setNumber(startPath(name), startNumber('boot'))];
      return [...own, ...overrides.map((path) => ({ do: 'remove-value' as const, path }))];
    });
    const missing = starts.filter(([, { start }]) => start === undefined).map(([name]) => name);
    return { changes, runs: [], notes: missing.length === 0 ? [] : [notInstalled(missing)] };
  },
};

/** Of what ships with every Windows that Azure takes. */
const notInstalled = (names: readonly string[]): Note => ({
  message: `Not installed, and not to be had from here: ${names.join(', ')}`,
  remedy: 'Repair Windows: sfc /scannow',
});

export const sanPolicy: Repair = {
  id: 'win.san-policy',
  check: 'win.san-policy',
  title: `Have new disks come online by themselves (${SAN_POLICIES[ONLINE_ALL]})`,
  platforms: ['windows'],
  risk: 'From the next start on. A disk of a storage network that another machine writes to comes online here too, and two that write destroy what is on it.',
  safe: false,

  async plan(system) {
    const right = (await registryNumber(system, SAN_POLICY)) === ONLINE_ALL;
    return { changes: right ? [] : [setNumber(SAN_POLICY, ONLINE_ALL)], runs: [], notes: [] };
  },
};

/** As Microsoft's page on disks for Azure has them started; two of them when somebody asks. */
const STARTED_AS: Readonly<Partial<Record<string, StartType>>> = { Netlogon: 'manual', Netman: 'manual' };

/**
 * In the registry, and not by the service control manager, which lets not even administrators configure some of them. A
 * service that is not installed may belong to a feature that this machine has not.
 */
export const services: Repair = {
  id: 'win.services',
  check: 'win.services',
  title: 'Have the services started that the network needs',
  platforms: ['windows'],
  risk: 'Somebody may have disabled them on purpose. They start with the next start of Windows, not before.',
  safe: false,

  async plan(system) {
    const starts = [...(await nextStarts(system, [...VITAL_SERVICES, ...OTHER_SERVICES]))];
    const disabled = starts.filter(([, { start }]) => start === startNumber('disabled'));
    const changes = disabled.map(([name]) => setNumber(startPath(name), startNumber(STARTED_AS[name] ?? 'auto')));
    const missing = starts.filter(([, { start }]) => start === undefined).map(([name]) => name);
    return { changes, runs: [], notes: missing.length === 0 ? [] : [notInstalled(missing)] };
  },
};

export const time: Repair = {
  id: 'win.time',
  check: 'win.time',
  title: "Have Windows take the host's clock for UTC, as Azure gives it, and keep time",
  platforms: ['windows'],
  risk: 'From the next start on. A host that gives local time, as others than Azure may, has this machine start some hours off until it has asked a server of time.',
  safe: false,

  async plan(system) {
    const [universal, starts] = await Promise.all([
      registryNumber(system, REAL_TIME_IS_UNIVERSAL),
      nextStarts(system, [TIME_SERVICE]),
    ]);
    const start = starts.get(TIME_SERVICE)?.start;
    const changes = [
      ...(universal === 1 ? [] : [setNumber(REAL_TIME_IS_UNIVERSAL, 1)]),
      ...(start === undefined || start === startNumber('auto')
        ? []
        : [setNumber(startPath(TIME_SERVICE), startNumber('auto'))]),
    ];
    return { changes, runs: [], notes: start === undefined ? [notInstalled([TIME_SERVICE])] : [] };
  },
};
