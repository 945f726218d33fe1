import type { System } from '../system/system.ts';
import { azureLimit, restoreLimit } from './azure.ts';
import { type Check, fail, info, pass, type Result, skip } from './check.ts';
import { SOURCES, WINDOWS_IMAGE } from './limits.ts';
import { GPT_TYPES, MBR_TYPES, type PartitionTable, parsePartitionTable } from './partition-table.ts';

/** A disk by the number that Windows gives it. */
export interface PartitionedDisk {
  readonly number: number;
  /** Undefined where it has neither kind. */
  readonly table: PartitionTable | undefined;
}

/** More than Azure attaches to any machine. */
const MOST_DISKS = 80;

export async function gatherPartitions({ disks }: System): Promise<readonly PartitionedDisk[]> {
  if (disks === undefined) throw new Error('there is no way to read disks here');
  const starts = await Promise.all(Array.from({ length: MOST_DISKS }, (_, number) => disks.start(number)));
  return starts.flatMap((start, number) =>
    start === undefined ? [] : [{ number, table: parsePartitionTable(start) }],
  );
}

const having = (disks: readonly PartitionedDisk[], types: readonly string[]): readonly PartitionedDisk[] =>
  disks.filter(({ table }) => table?.types.some((type) => types.includes(type)));
const numbers = (disks: readonly PartitionedDisk[]): string => `disk ${disks.map(({ number }) => number).join(', ')}`;
const NO_DISKS = 'no disk could be read';

/** The logical disk manager joins disks behind VSS: each alone is of no use. */
export const noDynamicDisks: Check = {
  id: 'vol.dynamic',
  group: 'storage',
  title: 'No disk is a dynamic one',
  platforms: ['windows'],
  needsRoot: true,
  source: SOURCES.supportMatrix,
  async run(_system, { evidence }) {
    return judgeDynamic(await evidence(gatherPartitions));
  },
};

export function judgeDynamic(disks: readonly PartitionedDisk[]): Result {
  if (disks.length === 0) return skip(NO_DISKS);
  const dynamic = having(disks, [GPT_TYPES.ldmMetadata, GPT_TYPES.ldmData, MBR_TYPES.ldm]);
  if (dynamic.length === 0) return pass(`${disks.length}, all basic`);
  return info(
    `${numbers(dynamic)} is dynamic: volumes may lie on several disks, and a backup of some disks only cannot have them; single files are not restored to this machine`,
    'Back up all disks of the machine, and restore such disks together, to another machine.',
  );
}

export const noStorageSpaces: Check = {
  id: 'vol.storage-spaces',
  group: 'storage',
  title: 'No disk belongs to Storage Spaces',
  platforms: ['windows'],
  needsRoot: true,
  source: SOURCES.supportMatrix,
  async run(_system, { facts, evidence }) {
    return azureLimit(facts, judgeSpaces(await evidence(gatherPartitions)));
  },
};

export function judgeSpaces(disks: readonly PartitionedDisk[]): Result {
  if (disks.length === 0) return skip(NO_DISKS);
  const pooled = having(disks, [GPT_TYPES.storageSpaces]);
  if (pooled.length === 0) return pass('none does');
  return fail(
    `${numbers(pooled)} belongs to a pool of Storage Spaces, which a backup of machines does not support`,
    'Back up what is on it from inside (MARS, Azure Backup Server), or move it to disks of its own.',
  );
}

/** What a disk of the system may have at most where it is started from an MBR. */
const GENERATION_1_BYTES = 2 * 1024 ** 4;

export const generationIsKnown: Check = {
  id: 'win.generation',
  group: 'restore',
  title: 'The disk of the system fits the firmware',
  platforms: ['windows'],
  needsRoot: true,
  source: WINDOWS_IMAGE.source,
  async run(_system, context) {
    const [first] = await context.evidence(gatherPartitions);
    return restoreLimit(context, judgeGeneration(first?.table, context.facts.firmware));
  },
};

export function judgeGeneration(table: PartitionTable | undefined, firmware: 'uefi' | 'bios' | undefined): Result {
  if (table === undefined) return skip('the partitions of the first disk cannot be read');
  const generation = table.style === 'gpt' && table.types.includes(GPT_TYPES.efiSystem) ? 2 : 1;
  const fits = firmware === undefined || (generation === 2) === (firmware === 'uefi');
  const told = `a disk of generation ${generation}${firmware === undefined ? '' : `, started by ${firmware.toUpperCase()}`}`;
  if (!fits) return info(`${told}: restore the machine with the generation that it has now`);
  if (generation === 1 && table.sizeBytes > GENERATION_1_BYTES) {
    return info(
      `${told}, and larger than the 2 TiB that such a one may have in Azure`,
      'Restore it with generation 2.',
    );
  }
  return pass(told);
}
