import type { Facts } from '../system/facts.ts';
import type { System } from '../system/system.ts';
import { azureLimit, withImds } from './azure.ts';
import { disksOf, gatherBlockDevices } from './block-devices.ts';
import { type Check, type CheckContext, fail, pass, type Result, skip, warn } from './check.ts';
import { DISKS } from './limits.ts';
import { listed } from './storage-evidence.ts';
import { gatherPartitions, type PartitionedDisk } from './windows-disks.ts';

const TIB = 1024 ** 4;
const GIB = 1024 ** 3;

/** A disk that a snapshot of the machine holds. */
export interface BackedUpDisk {
  readonly name: string;
  readonly bytes: number;
}

/** By the kernel, since the host does not tell the size of every disk. */
async function backedUp(system: System, { evidence }: CheckContext): Promise<readonly BackedUpDisk[]> {
  if (system.platform === 'linux') return disksOf(await evidence(gatherBlockDevices), 'persistent');
  return system.privileged ? partitionedDisks(await evidence(gatherPartitions)) : [];
}

/** On Windows by their tables of partitions. The temporary disk is among them, and far below every limit. */
const partitionedDisks = (disks: readonly PartitionedDisk[]): readonly BackedUpDisk[] =>
  disks.flatMap(({ number, table }) =>
    table === undefined ? [] : [{ name: `disk ${number}`, bytes: table.sizeBytes }],
  );

/** The host knows best; else all but the one that the system itself is on. */
export const dataDisks = (facts: Facts, disks: readonly BackedUpDisk[]): number =>
  facts.cloud?.imds?.disks.filter(({ lun }) => lun !== undefined).length ?? disks.length - 1;

const NO_DISKS = 'no disk of this machine is to be seen';

export const diskCountIsAllowed: Check = {
  id: 'disk.count',
  group: 'storage',
  title: 'There are no more disks than a backup takes',
  source: DISKS.source,
  async run(system, context) {
    const { facts } = context;
    if (system.platform === 'windows') {
      return withImds(facts, (imds) => judgeDiskCount(imds.disks.filter(({ lun }) => lun !== undefined).length));
    }
    const disks = await backedUp(system, context);
    if (disks.length === 0) return skip(NO_DISKS);
    return azureLimit(facts, judgeDiskCount(dataDisks(facts, disks)));
  },
};

export function judgeDiskCount(count: number): Result {
  const { data, nearlyAll, readOn, earlier } = DISKS;
  const found = count === 1 ? '1 data disk' : `${count} data disks`;
  const limits = `the limit is ${data} (${readOn})${count > earlier.data ? `, and was ${earlier.data} (${earlier.readOn})` : ''}`;
  const remedy =
    'Join data disks into larger ones, or leave some out of the backup (policy of type Enhanced):\n' +
    '$ az backup protection update-for-vm --resource-group GROUP --vault-name VAULT --container-name VM --item-name VM --backup-management-type AzureIaasVM --disk-list-setting exclude --diskslist LUN';
  if (count > data) return fail(`${found}; ${limits}`, remedy);
  return count > nearlyAll ? warn(`${found}: nearly too many; ${limits}`, remedy) : pass(`${found}; ${limits}`);
}

export const diskSizeIsAllowed: Check = {
  id: 'disk.size',
  group: 'storage',
  title: 'No disk is larger than a backup takes',
  source: DISKS.source,
  async run(system, context) {
    return azureLimit(context.facts, judgeDiskSizes(await backedUp(system, context)));
  },
};

export function judgeDiskSizes(disks: readonly BackedUpDisk[]): Result {
  const large = disks.filter(({ bytes }) => bytes > DISKS.largestTib * TIB);
  const largest = disks.toSorted((a, b) => b.bytes - a.bytes)[0];
  if (largest === undefined) return skip(NO_DISKS);
  if (large.length === 0) return pass(`the largest, ${largest.name}, has ${sizeOf(largest.bytes)}`);
  return fail(
    `${listed(large.map(({ name, bytes }) => `${name} has ${sizeOf(bytes)}`))}; the limit is ${DISKS.largestTib} TiB a disk`,
    `Move the data to smaller disks, joined by LVM where there is LVM, and detach ${large.length === 1 ? 'this one' : 'these'}:\n` +
      '$ az vm disk detach --resource-group GROUP --vm-name VM --name DISK',
  );
}

export const disksTogetherAreAllowed: Check = {
  id: 'disk.total',
  group: 'storage',
  title: 'All disks together are not too large for a backup',
  source: DISKS.source,
  async run(system, context) {
    return azureLimit(context.facts, judgeDisksTogether(await backedUp(system, context)));
  },
};

export function judgeDisksTogether(disks: readonly BackedUpDisk[]): Result {
  if (disks.length === 0) return skip(NO_DISKS);
  const bytes = disks.reduce((sum, disk) => sum + disk.bytes, 0);
  if (bytes <= DISKS.togetherTib * TIB) return pass(sizeOf(bytes));
  return fail(
    `${sizeOf(bytes)} in all; the limit is ${DISKS.togetherTib} TiB`,
    'Move part of the data to another machine, or leave disks out of the backup (policy of type Enhanced).',
  );
}

const sizeOf = (bytes: number): string =>
  bytes >= TIB ? `${(bytes / TIB).toFixed(1)} TiB` : `${(bytes / GIB).toFixed(1)} GiB`;
