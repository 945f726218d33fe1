import { gatherBlockDevices } from '../../../agent/checks/block-devices.ts';
import { classify } from '../../../agent/freezer/classes.ts';
import { readFileSystems } from '../../../agent/freezer/mounts.ts';
import { askStatfs, type StatfsAnswer } from '../../../agent/system/statfs.ts';
import type { System } from '../../../agent/system/system.ts';
import type { IncludedDisks } from '../settings.ts';
import { isOn } from './luns.ts';
import type { StorageDetails } from './report.ts';

const TIB = 1024 ** 4;

/**
 * By what the service bills: what is used of the file systems on the disks that were backed up. Those that can be frozen
 * are local, so nothing here can hang on a network (upstream waits for df(1) as long as 300 s). Never throws.
 */
export async function usedSize(system: System, { luns, anyExcluded }: IncludedDisks): Promise<StorageDetails> {
  try {
    const devices = await gatherBlockDevices(system);
    const all = await classify(system, await readFileSystems(system));
    const freezable = all.filter(({ class: kind }) => kind === 'freezable').map(({ fileSystem }) => fileSystem);
    const on = await Promise.all(
      freezable.map((fileSystem) => (anyExcluded ? isOn(system, devices, fileSystem, luns) : true)),
    );
    const paths = freezable.filter((_, index) => on[index]).map(({ mountPoint }) => mountPoint);
    const answers = await askStatfs(system, [paths]);
    const sizes = paths.map((path) => usedOf(answers.get(path)));
    const bytes = sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
    return {
      partitionCount: paths.length,
      totalUsedSizeInBytes: luns.length === 0 ? bytes : Math.min(bytes, luns.length * TIB),
      isSizeComputationFailed: sizes.includes(undefined),
    };
  } catch {
    return { partitionCount: 0, totalUsedSizeInBytes: 0, isSizeComputationFailed: true };
  }
}

const usedOf = (answer: StatfsAnswer | undefined): number | undefined =>
  answer?.state === 'answered' ? (answer.usage.blocks - answer.usage.freeBlocks) * answer.usage.blockBytes : undefined;
