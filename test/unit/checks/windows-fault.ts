import { allChecks } from '../../../agent/checks/all.ts';
import type { Finding } from '../../../agent/checks/check.ts';
import { networkChecksWith } from '../../../agent/checks/network.ts';
import { HOST_SERVICES } from '../../../agent/checks/network-host.ts';
import { runChecks } from '../../../agent/checks/run.ts';
import type { Facts } from '../../../agent/system/facts.ts';
import type { Imds } from '../../../agent/system/imds.ts';
import type { RegistryValue } from '../../../agent/system/registry.ts';
import type { ServiceState } from '../../../agent/system/service-states.ts';
import { fakeWindows, type WindowsMachine } from '../../fakes/windows.ts';
import type { Fault } from './planted-fault.ts';
import { HEALTHY_WINDOWS, WINDOWS_FACTS } from './windows-machine.ts';

/** What is different from the healthy Windows; `undefined` is not there. */
export interface WindowsChange {
  readonly registry?: Readonly<Record<string, RegistryValue | undefined>>;
  readonly services?: Readonly<Record<string, ServiceState | undefined>>;
  readonly files?: Readonly<Record<string, string | Buffer | undefined>>;
  readonly agesMs?: WindowsMachine['agesMs'];
  readonly programs?: WindowsMachine['programs'];
  readonly volumes?: WindowsMachine['volumes'];
  readonly disks?: WindowsMachine['disks'];
  readonly security?: WindowsMachine['security'];
  readonly processes?: WindowsMachine['processes'];
  readonly load?: WindowsMachine['load'];
  readonly facts?: Partial<Facts>;
}

/** Something that is wrong with a Windows, and what has to find it. */
export interface WindowsFault extends Omit<Fault, 'plant'> {
  readonly plant: WindowsChange;
}

/** The healthy Windows, so changed. */
export const changedWindows = (plant: WindowsChange = {}): ReturnType<typeof fakeWindows> =>
  fakeWindows({
    registry: present({ ...HEALTHY_WINDOWS.registry, ...plant.registry }),
    services: present({ ...HEALTHY_WINDOWS.services, ...plant.services }),
    files: present({ ...HEALTHY_WINDOWS.files, ...plant.files }),
    agesMs: { ...HEALTHY_WINDOWS.agesMs, ...plant.agesMs },
    programs: { ...HEALTHY_WINDOWS.programs, ...plant.programs },
    volumes: plant.volumes ?? HEALTHY_WINDOWS.volumes,
    disks: plant.disks ?? HEALTHY_WINDOWS.disks,
    security: { ...HEALTHY_WINDOWS.security, ...plant.security },
    processes: plant.processes ?? HEALTHY_WINDOWS.processes,
    load: plant.load ?? HEALTHY_WINDOWS.load,
  });

/** Nobody is there: who goes to storage on the way of a fault finds it gone, and no packet leaves this machine. */
const NETWORK = networkChecksWith(HOST_SERVICES, [{ purpose: 'storage', url: 'https://127.0.0.1:1' }]);
const CHECKS = allChecks.map((check) => NETWORK.find(({ id }) => id === check.id) ?? check);

export interface WindowsReport {
  readonly findings: readonly Finding[];
  /** The programs that were asked. */
  readonly ran: readonly (readonly string[])[];
}

/** Asks every check there is about it. */
export async function windowsReport(plant: WindowsChange = {}): Promise<WindowsReport> {
  const { system, ran, cleanUp } = changedWindows(plant);
  try {
    return { findings: await runChecks(system, CHECKS, { facts: { ...WINDOWS_FACTS, ...plant.facts } }), ran };
  } finally {
    cleanUp();
  }
}

const present = <T>(values: Readonly<Record<string, T | undefined>>): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(values).filter((entry): entry is [string, T] => entry[1] !== undefined));

export const without = (...keys: readonly string[]): Readonly<Record<string, undefined>> =>
  Object.fromEntries(keys.map((key) => [key, undefined]));

/** What the host says differently. */
export function told(change: Partial<Imds>): WindowsChange {
  const { cloud } = WINDOWS_FACTS;
  if (cloud?.imds === undefined) throw new Error('the healthy one has a host');
  return { facts: { cloud: { ...cloud, imds: { ...cloud.imds, ...change } } } };
}
