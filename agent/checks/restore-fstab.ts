import { isByDisk, isByOrder, volumeGroupOf } from '../boot/device-names.ts';
import { type FstabEntry, isData, isOnDisk, mayBeMissing, parseFstab } from '../boot/fstab.ts';
import { isThere, readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { restoreLimit } from './azure.ts';
import { type Check, fail, info, pass, type Result, skip, warn } from './check.ts';
import { SOURCES } from './limits.ts';
import { listed } from './storage-evidence.ts';

/** fstab as it stands, and which of its devices are not there now. */
export interface FstabSigns {
  readonly entries: readonly FstabEntry[];
  /** Of those that are named in a way that can be looked up; empty on a disk that does not run. */
  readonly missing: readonly FstabEntry[];
}

/** A restored machine may have its disks in another order, or not all of them. */
export const fstabLasts: Check = {
  id: 'boot.fstab',
  group: 'restore',
  title: 'fstab finds its disks after a restore',
  platforms: ['linux'],
  offline: true,
  source: SOURCES.fstabErrors,
  async run(system) {
    const text = await readableText(system, '/etc/fstab');
    if (text === undefined) return skip('there is no /etc/fstab');
    const entries = parseFstab(text);
    return judgeFstab({ entries, missing: await missingNow(system, entries) });
  },
};

const REPAIR = 'Name each by UUID=…, and let data disks be missing (nofail):\n$ quiesced repair boot.fstab';

export function judgeFstab({ entries, missing }: FstabSigns): Result {
  const shown = (some: readonly FstabEntry[]) =>
    listed(some.map(({ device, mountPoint }) => `${mountPoint} on ${device}`));
  const unstable = entries.filter((entry) => isByOrder(entry) || isByDisk(entry));
  const data = unstable.filter((entry) => isData(entry, entries));
  if (data.length > 0) return fail(`named by the order of disks, or by the disk itself: ${shown(data)}`, REPAIR);
  const gone = missing.filter((entry) => !mayBeMissing(entry));
  if (gone.length > 0) {
    return fail(
      `not there, and the boot waits for it in vain: ${shown(gone)}`,
      `Remove the line if nobody needs it any more. ${REPAIR}`,
    );
  }
  if (unstable.length > 0)
    return warn(`named by the order of disks, or by the disk itself: ${shown(unstable)}`, REPAIR);
  const strict = entries.filter((entry) => isData(entry, entries) && !mayBeMissing(entry));
  if (strict.length > 0) {
    return warn(`without this disk the boot stops in the emergency shell: ${shown(strict)} has no nofail`, REPAIR);
  }
  const disks = entries.filter(isOnDisk).length;
  return pass(disks === 1 ? '1 entry' : `${disks} entries`);
}

const LINKS: Readonly<Record<string, string>> = {
  UUID: 'by-uuid',
  PARTUUID: 'by-partuuid',
  LABEL: 'by-label',
  PARTLABEL: 'by-partlabel',
};

async function missingNow(system: System, entries: readonly FstabEntry[]): Promise<readonly FstabEntry[]> {
  // Where udev has not made any name, nothing can be told by them.
  if (!system.live || !(await isThere(system, '/dev/disk/by-uuid'))) return [];
  const found = entries.map(async (entry) => {
    const path = isOnDisk(entry) ? pathOf(entry.device) : undefined;
    return path === undefined || (await isThere(system, path)) ? [] : [entry];
  });
  return (await Promise.all(found)).flat();
}

/** Undefined for a name that udev would write in another way. */
function pathOf(device: string): string | undefined {
  const [, key = '', value = ''] = /^(\w+)="?([^"]*)"?$/.exec(device) ?? [];
  if (key === '') return device.startsWith('/dev/') ? device : undefined;
  const folder = LINKS[key];
  const isPlain = /^[\w.+-]+$/.test(value);
  return folder === undefined || !isPlain ? undefined : `/dev/disk/${folder}/${value}`;
}

/** Azure's temporary disk is the place for it: on the disk of the system it is in every backup. */
export const swapElsewhere: Check = {
  id: 'boot.swap-osdisk',
  group: 'restore',
  title: 'No swap partition on the disk of the system',
  platforms: ['linux'],
  offline: true,
  source: SOURCES.genericImage,
  async run(system, context) {
    const text = await readableText(system, '/etc/fstab');
    if (text === undefined) return skip('there is no /etc/fstab');
    return restoreLimit(context, judgeSwap(parseFstab(text)));
  },
};

export function judgeSwap(entries: readonly FstabEntry[]): Result {
  const swaps = entries.filter((entry) => entry.type === 'swap' && isOnDisk(entry));
  const partitions = swaps.filter(({ device }) => !device.startsWith('/dev/disk/cloud/azure_resource'));
  if (partitions.length === 0) return pass(swaps.length === 0 ? 'none' : 'on the temporary disk');
  return warn(
    `swap on ${listed(partitions.map(({ device }) => device))}: each backup holds what was in it, and it wears a disk that is paid by use`,
    'Have the agent make it on the temporary disk, where /etc/waagent.conf rules:\nResourceDisk.Format=y, ResourceDisk.EnableSwap=y, ResourceDisk.SwapSizeMB=2048; then take the line out of /etc/fstab.',
  );
}

/** A helper machine that was made from the same image has a group of the same name, and then sees only one of them. */
export const volumeNames: Check = {
  id: 'boot.lvm-names',
  group: 'restore',
  title: 'The system is on no volume group whose name may be taken',
  platforms: ['linux'],
  offline: true,
  source: SOURCES.genericImage,
  async run(system) {
    const entries = parseFstab((await readableText(system, '/etc/fstab')) ?? '');
    return judgeVolumes(entries);
  },
};

export function judgeVolumes(entries: readonly FstabEntry[]): Result {
  const root = entries.find(({ mountPoint }) => mountPoint === '/');
  const group = volumeGroupOf(root?.device ?? '');
  if (group === undefined) return pass('the system is on no volume group');
  return info(
    `the system is on the volume group ${group}: to mend its disk on a helper machine whose own group has the same name, rename one of them there`,
    '$ vgimportclone --basevgname rescued /dev/sdX2',
  );
}
