import {
  type BlockDevice,
  type BlockDevices,
  beneath,
  deviceOf,
  gatherBlockDevices,
} from '../../../agent/checks/block-devices.ts';
import { classify } from '../../../agent/freezer/classes.ts';
import { type FileSystem, readFileSystems } from '../../../agent/freezer/mounts.ts';
import { excludedBy } from '../../../agent/freezer/selection.ts';
import type { Narrowed } from '../../../agent/snapshot/plan.ts';
import { readableList } from '../../../agent/system/readable.ts';
import type { System } from '../../../agent/system/system.ts';
import { OS_DISK_LUN } from '../settings.ts';

/**
 * The file systems that have a part on one of these disks. Where it cannot be told on which disk one is, it is among them:
 * to freeze too much does no harm, and to promise too much does. What `[freeze] exclude` means is not.
 */
export async function fileSystemsOn(
  system: System,
  luns: readonly number[],
  exclude: readonly string[],
): Promise<Narrowed> {
  const devices = await gatherBlockDevices(system);
  const present = await readFileSystems(system);
  const all = present.filter((fileSystem) => excludedBy(fileSystem, exclude) === undefined);
  const written = (await classify(system, all)).filter(({ class: kind }) => kind !== 'exempt');
  const on = await Promise.all(written.map(({ fileSystem }) => isOn(system, devices, fileSystem, luns)));
  const found = written.filter((_, index) => on[index]);
  const of = (wanted: string) => found.flatMap(({ class: kind, fileSystem }) => (kind === wanted ? [fileSystem] : []));
  return {
    mounts: of('freezable').map(({ mountPoint }) => mountPoint),
    covered: of('unfreezable').map(({ id }) => id),
  };
}

/** Whether a file system has a part on one of these disks, or nobody can tell. */
export async function isOn(
  system: System,
  devices: BlockDevices,
  fileSystem: FileSystem,
  luns: readonly number[],
): Promise<boolean> {
  const device = await deviceOf(system, devices, fileSystem);
  const parts = device === undefined ? [] : await devicesOf(system, fileSystem, device);
  const disks = parts.flatMap((part) => beneath(devices, part)).filter(({ kind }) => kind === 'persistent');
  const found = disks.map(lunOf);
  return disks.length === 0 || found.some((lun) => lun === undefined || luns.includes(lun));
}

/** btrfs may lie on several, of which the table of mounts names one: Documentation/ABI of Linux, sysfs-fs-btrfs. */
async function devicesOf(system: System, { type }: FileSystem, named: string): Promise<readonly string[]> {
  if (type !== 'btrfs') return [named];
  const folders = (await readableList(system, BTRFS)).map((id) => `${BTRFS}/${id}/devices`);
  const all = await Promise.all(folders.map((folder) => readableList(system, folder)));
  return all.find((names) => names.includes(named)) ?? [named];
}

const BTRFS = '/sys/fs/btrfs';

/**
 * Which disk of the machine a device is, as Azure numbers them; undefined where that cannot be told. As the rules of
 * Azure/azure-vm-utils have it (2024): on SCSI, data disks are on the controller f8b3781b-… by their LUN, and the one of the
 * system on another; on NVMe, namespace 1 is the system, and namespace n+2 is LUN n.
 */
export function lunOf({ path, name }: Pick<BlockDevice, 'path' | 'name'>): number | undefined {
  const namespace = /^nvme\d+n(\d+)$/.exec(name)?.[1];
  if (namespace !== undefined) return namespace === '1' ? OS_DISK_LUN : Number(namespace) - 2;
  const lun = /\/\d+:\d+:\d+:(\d+)\//.exec(path)?.[1];
  if (lun === undefined || !/\/VMBUS:|\/vmbus_|\/[0-9a-f]{8}-[0-9a-f]{4}-/i.test(path)) return undefined;
  if (/\/f8b3781b-1e82-4818-a1c3-63d806ec15bb\//i.test(path)) return Number(lun);
  // The disk of the system: LUN 0 of the other controller (generation 2), or on the first IDE channel (generation 1).
  if (/\/f8b3781a-1e82-4818-a1c3-63d806ec15bb\//i.test(path)) return lun === '0' ? OS_DISK_LUN : undefined;
  return /\/00000000-0000-8899-/i.test(path) ? OS_DISK_LUN : undefined;
}
