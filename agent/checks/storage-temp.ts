import { readableList } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { type BlockDevices, beneath, deviceOf, disksOf, gatherBlockDevices } from './block-devices.ts';
import { type Check, type CheckContext, pass, type Result, warn } from './check.ts';
import { SOURCES } from './limits.ts';
import { gatherStorage, listed, pasted } from './storage-evidence.ts';
import { gatherWindowsVolumes, judgeWindowsTemporary } from './windows-volumes.ts';

/** A file system on the temporary disk, and what somebody put there. */
export interface TemporaryPlace {
  readonly mountPoint: string;
  /** Names at its top, without what the agent and the file system itself put there. */
  readonly names: readonly string[];
}

/** By the agent, cloud-init, mkfs and the kernel; swap belongs there. */
const NOT_DATA = /^(lost\+found|DATALOSS_WARNING_README\.txt|swap.*|.*\.swp|\.Trash.*|\.cloud-init.*)$/;

/** The disk is the host's own: it is in no backup, and is empty after the machine was moved or stopped. */
export const nothingOnTemporaryDisk: Check = {
  id: 'disk.temp',
  group: 'storage',
  alsoIn: ['restore'],
  title: 'Nothing of value is on the temporary disk',
  source: `${SOURCES.supportMatrix}; the agent's own DATALOSS_WARNING_README.txt`,
  async run(system, context) {
    if (system.platform === 'windows') {
      return judgeWindowsTemporary(system, await context.evidence(gatherWindowsVolumes));
    }
    const devices = await context.evidence(gatherBlockDevices);
    const disks = disksOf(devices, 'temporary').map(({ name }) => name);
    return judgeTemporary(disks, disks.length === 0 ? [] : await placesOn(system, context, devices));
  },
};

/** Also through a volume or array that such a disk is only a part of: without it the whole is lost. */
async function placesOn(
  system: System,
  { evidence }: CheckContext,
  devices: BlockDevices,
): Promise<readonly TemporaryPlace[]> {
  const { fileSystems } = await evidence(gatherStorage);
  const places = fileSystems.map(async ({ fileSystem }) => {
    const device = await deviceOf(system, devices, fileSystem);
    const on = device !== undefined && beneath(devices, device).some(({ kind }) => kind === 'temporary');
    if (!on || fileSystem.hidden) return [];
    const { mountPoint } = fileSystem;
    const names = (await readableList(system, mountPoint)).filter((name) => !NOT_DATA.test(name));
    return [{ mountPoint, names }];
  });
  return (await Promise.all(places)).flat();
}

export function judgeTemporary(disks: readonly string[], places: readonly TemporaryPlace[]): Result {
  if (disks.length === 0) return pass('there is no temporary disk');
  const used = places.filter(({ names }) => names.length > 0);
  if (used.length === 0) return pass(`${listed(disks)}: empty, or swap only`);
  return warn(
    `${used.map(({ mountPoint, names }) => `${mountPoint} holds ${listed(names)}`).join('; ')}: never backed up, and lost when Azure moves the machine`,
    `Move what must last to a disk of the machine, and leave here only what can be made anew:\n${used.map(({ mountPoint }) => `$ du -sh ${pasted(mountPoint)}/*`).join('\n')}`,
  );
}
