import { isThere, readableList } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { azureLimit } from './azure.ts';
import { type BlockDevices, beneath, gatherBlockDevices } from './block-devices.ts';
import { type Check, type CheckContext, fail, info, pass, type Result, warn } from './check.ts';
import { SOURCES } from './limits.ts';
import { gatherStorage, listed } from './storage-evidence.ts';
import { gatherVolumes, type Volume } from './volumes.ts';

const ZFS_POOLS = '/proc/spl/kstat/zfs';

export const noZfs: Check = {
  id: 'vol.zfs',
  group: 'storage',
  title: 'No data is in a ZFS pool',
  platforms: ['linux'],
  source: SOURCES.supportMatrix,
  async run(system, context) {
    return azureLimit(context.facts, judgeZfs(await zfsPools(system, context)));
  },
};

/** By the kernel's own records: `zpool` hangs when a pool is suspended. */
async function zfsPools(system: System, { evidence }: CheckContext): Promise<readonly string[]> {
  const { mounts } = await evidence(gatherStorage);
  const mounted = mounts.filter(({ type }) => type === 'zfs').map(({ source }) => source.split('/')[0] ?? '');
  const names = await readableList(system, ZFS_POOLS);
  const pools = await Promise.all(
    names.map(async (name) => ((await isThere(system, `${ZFS_POOLS}/${name}/state`)) ? [name] : [])),
  );
  return [...new Set([...mounted, ...pools.flat()])];
}

export const judgeZfs = (pools: readonly string[]): Result =>
  pools.length === 0
    ? pass('there is none')
    : fail(
        `${listed(pools)}: ZFS cannot be frozen, and Azure Backup does not support it`,
        `Move the data to ext4, xfs or btrfs, or back the pool up by itself:\n${pools
          .slice(0, 3)
          .map((pool) => `$ zfs snapshot -r ${pool}@backup && zfs send -R ${pool}@backup > /backup/${pool}.zfs`)
          .join('\n')}`,
      );

/** A volume or array is restored as a whole only, from all of its disks, taken at one moment. */
export const volumesAreWhole: Check = {
  id: 'vol.lvm-raid',
  group: 'storage',
  title: 'Volumes and arrays are whole and on disks of this machine',
  platforms: ['linux'],
  source: SOURCES.supportMatrix,
  async run(system, { evidence }) {
    const devices = await evidence(gatherBlockDevices);
    return judgeVolumes((await gatherVolumes(system, devices)).map((volume) => placed(volume, devices)));
  },
};

/** A volume with the disks that it is on. */
export interface PlacedVolume extends Volume {
  readonly disks: readonly { readonly name: string; readonly kind: string }[];
}

function placed(volume: Volume, devices: BlockDevices): PlacedVolume {
  const all = volume.devices.flatMap((name) => beneath(devices, name)).filter(({ kind }) => kind !== 'none');
  const byName = new Map(all.map(({ name, kind }) => [name, { name, kind }]));
  return { ...volume, disks: [...byName.values()] };
}

export function judgeVolumes(volumes: readonly PlacedVolume[]): Result {
  if (volumes.length === 0) return pass('there are none');
  const degraded = volumes.filter(({ fault }) => fault !== undefined);
  if (degraded.length > 0) {
    return warn(
      degraded.map(({ name, fault }) => `${name}: ${fault}`).join('; '),
      `Replace what is missing before the next backup:\n${degraded.map(({ name, type }) => (type === 'md' ? `$ mdadm --detail /dev/${name}` : `$ lvs -a -o +lv_health_status,devices ${name}`)).join('\n')}`,
    );
  }
  const mixed = volumes.filter(({ disks }) => new Set(disks.map(({ kind }) => kind)).size > 1);
  if (mixed.length > 0) {
    return warn(
      `${mixed.map(({ name, disks }) => `${name} is on ${listed(disks.map(({ name, kind }) => `${name} (${kind})`))}`).join('; ')}: a backup holds the persistent disks only, and the whole cannot be put together from them`,
      'Move the data off the disks that are not backed up:\n$ pvmove /dev/SDX\n$ vgreduce GROUP /dev/SDX',
    );
  }
  const spanning = volumes.filter(({ disks }) => disks.length > 1);
  const shown = `${listed(volumes.map(({ name, disks }) => `${name} (${disks.map((disk) => disk.name).join(', ')})`))}: single files are restored on another machine than this one`;
  return spanning.length === 0
    ? info(shown)
    : info(shown, `Keep all disks of ${listed(spanning.map(({ name }) => name))} in the backup: none is of use alone.`);
}
