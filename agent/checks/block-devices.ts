import { basename, dirname } from 'node:path';
import { isTemporaryDevice } from '../freezer/classes.ts';
import type { FileSystem } from '../freezer/mounts.ts';
import { boundedly } from '../system/bounded.ts';
import { readableLink, readableList, readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';

/** A disk, partition or layer (device mapper, RAID, loop) of the kernel: sysfs-block. */
export interface BlockDevice {
  /** `sda1`, `dm-0`. */
  readonly name: string;
  /** `major:minor`. */
  readonly number: string;
  /** Where sysfs shows it: through the controller that it hangs on. */
  readonly path: string;
  readonly bytes: number;
  readonly model: string;
  /** What it is made of: the whole disk of a partition, the members of an array or volume. */
  readonly madeOf: readonly string[];
  readonly kind: DeviceKind;
}

/**
 * - `persistent`: a disk of this virtual machine, which a snapshot of it holds;
 * - `temporary`: one of the host's own, which no backup holds;
 * - `network`: one that the machine reaches by itself (iSCSI, NVMe over fabrics, RBD);
 * - `none`: no disk, but a partition, a layer, a drive for media, or a path to a disk that is shown elsewhere.
 */
export type DeviceKind = 'persistent' | 'temporary' | 'network' | 'none';

/** By name. */
export type BlockDevices = ReadonlyMap<string, BlockDevice>;

const FOLDER = '/sys/class/block';
const READ_AT_ONCE = 32;

/** Gathers once per run: `context.evidence(gatherBlockDevices)`. Reads sysfs alone, never a device: that could hang. */
export async function gatherBlockDevices(system: System): Promise<BlockDevices> {
  const devices = await boundedly(READ_AT_ONCE, await readableList(system, FOLDER), (name) => readDevice(system, name));
  return new Map(devices.map((device) => [device.name, device]));
}

async function readDevice(system: System, name: string): Promise<BlockDevice> {
  const folder = `${FOLDER}/${name}`;
  const read = async (file: string) => (await readableText(system, `${folder}/${file}`))?.trim() ?? '';
  const [path = '', number, sectors, partition, members, hidden, model] = await Promise.all([
    readableLink(system, folder),
    read('dev'),
    read('size'),
    read('partition'),
    readableList(system, `${folder}/slaves`),
    read('hidden'),
    read('device/model'),
  ]);
  const whole = partition === '' ? undefined : basename(dirname(path));
  // A sector is 512 bytes here, whatever the disk's own are.
  const bytes = Number(sectors) * 512;
  const madeOf = whole === undefined ? members : [whole];
  const kind = whole === undefined ? kindOf({ name, path, bytes, model, hidden: hidden === '1' }) : 'none';
  return { name, number, path, bytes, model, madeOf, kind };
}

/** What tells the disks of the machine from everything else that is a block device and no partition. */
export interface DeviceSigns {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  readonly model: string;
  /** One path of several to an NVMe disk, which is a device of its own. */
  readonly hidden: boolean;
}

/** Layers are virtual; sr and fd are drives for media, nbd and the like come by network. */
export function kindOf({ name, path, bytes, model, hidden }: DeviceSigns): DeviceKind {
  if (hidden || bytes === 0 || /^(sr|fd|mtdblock|ram|zram|loop)\d/.test(name)) return 'none';
  if (/\/session\d+\/|\/nvme-fabrics\/|\/devices\/rbd\//.test(path) || /^(nbd|rbd)\d/.test(name)) return 'network';
  if (path.includes('/devices/virtual/block/')) return 'none';
  return isTemporary(path, model) ? 'temporary' : 'persistent';
}

/**
 * NVMe sizes show theirs by the model alone (Azure/azure-vm-utils, azure-nvme-id; "Microsoft NVMe Direct Disk v2" since
 * the v6 sizes).
 */
const isTemporary = (path: string, model: string): boolean =>
  isTemporaryDevice(path) || /^Microsoft NVMe Direct Disk/.test(model);

/** Disks of one kind, in the order of their names. */
export const disksOf = (devices: BlockDevices, kind: DeviceKind): readonly BlockDevice[] =>
  [...devices.values()].filter((device) => device.kind === kind);

/** A device and everything that it is made of, down to the disks. */
export function beneath(devices: BlockDevices, name: string): readonly BlockDevice[] {
  const found = new Set([name]);
  for (const each of found) for (const member of devices.get(each)?.madeOf ?? []) found.add(member);
  return [...found].flatMap((each) => devices.get(each) ?? []);
}

/** The kernel's name of what a file system is on; undefined where it has no device. */
export async function deviceOf(
  system: System,
  devices: BlockDevices,
  { id, source }: FileSystem,
): Promise<string | undefined> {
  if (!source.startsWith('/dev/')) return undefined;
  // btrfs has a number of its own, and is found by its source.
  const byNumber = await readableLink(system, `/sys/dev/block/${id}`);
  const name = basename(byNumber ?? (await readableLink(system, source)) ?? source);
  return devices.has(name) ? name : undefined;
}
