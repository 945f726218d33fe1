import { basename } from 'node:path';
import type { System } from '../system/system.ts';
import type { FileSystem } from './mounts.ts';

/** Which file systems each one stands on, by id: a loop device's data is a file on another file system. */
export type Standing = ReadonlyMap<string, ReadonlySet<string>>;

/** How many layers of device mapper, RAID and loop are followed before a circle is suspected. */
const MAX_LAYERS = 16;

/** Follows the block devices beneath each of `wanted` down to files on one of `all`. */
export async function readStanding(
  system: System,
  wanted: readonly FileSystem[],
  all: readonly FileSystem[],
): Promise<Standing> {
  const entries = wanted.map(async (fileSystem) => {
    const files = await backingFiles(system, await devicesOf(system, fileSystem), MAX_LAYERS);
    const below = files.flatMap((file) => containing(file, all)?.id ?? []).filter((id) => id !== fileSystem.id);
    return [fileSystem.id, new Set(below)] as const;
  });
  return new Map(await Promise.all(entries));
}

/**
 * The order of freezing: what stands on another file system goes before it, because its own freeze still writes
 * there; `/` comes last and alone, because most of what could go wrong needs it. Within a group all are independent.
 */
export function groupsOf(wanted: readonly FileSystem[], standing: Standing): readonly (readonly FileSystem[])[] {
  const heightOf = (id: string, seen: readonly string[]): number => {
    if (seen.includes(id)) return 0;
    const below = [...(standing.get(id) ?? [])].filter((other) => standing.has(other));
    return below.length === 0 ? 0 : 1 + Math.max(...below.map((other) => heightOf(other, [...seen, id])));
  };
  const rank = (fileSystem: FileSystem): number => (fileSystem.mountPoint === '/' ? -1 : heightOf(fileSystem.id, []));
  const byRank = Map.groupBy(wanted, rank);
  return [...byRank.keys()].sort((a, b) => b - a).map((key) => byRank.get(key) ?? []);
}

/** Kernel names (`sda1`, `dm-0`, `loop3`) of the devices that hold a file system; btrfs may have several. */
async function devicesOf(system: System, fileSystem: FileSystem): Promise<readonly string[]> {
  if (!fileSystem.source.startsWith('/dev/')) return [];
  const link = await system.readLink(fileSystem.source);
  const name = basename(link ?? fileSystem.source);
  if (fileSystem.type !== 'btrfs') return [name];
  for (const uuid of (await system.list('/sys/fs/btrfs')) ?? []) {
    const members = await system.list(`/sys/fs/btrfs/${uuid}/devices`);
    if (members?.includes(name)) return members;
  }
  return [name];
}

async function backingFiles(system: System, devices: readonly string[], layers: number): Promise<readonly string[]> {
  if (layers === 0) return [];
  const found = devices.map(async (name) => {
    const folder = `/sys/class/block/${name}`;
    // A partition of a loop device has no `loop` folder of its own; its parent has.
    const file =
      (await system.readText(`${folder}/loop/backing_file`)) ??
      (await system.readText(`${folder}/../loop/backing_file`));
    if (file !== undefined) return [file.trimEnd()];
    const below = [...((await system.list(`${folder}/slaves`)) ?? [])];
    return backingFiles(system, below, layers - 1);
  });
  return (await Promise.all(found)).flat();
}

/** The file system whose mount point is the longest prefix of a path. */
function containing(path: string, all: readonly FileSystem[]): FileSystem | undefined {
  const depth = (fileSystem: FileSystem): number =>
    Math.max(-1, ...fileSystem.mountPoints.filter((point) => isBelow(path, point)).map((point) => point.length));
  const best = all.toSorted((a, b) => depth(b) - depth(a))[0];
  return best !== undefined && depth(best) >= 0 ? best : undefined;
}

const isBelow = (path: string, point: string): boolean =>
  point === '/' || path === point || path.startsWith(`${point}/`);
