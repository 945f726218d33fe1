import { basename } from 'node:path';
import { boundedly, FILES_AT_ONCE } from '../system/bounded.ts';
import type { System } from '../system/system.ts';
import type { FileSystem } from './mounts.ts';

/** Which file systems each one stands on, by id: a loop device's data is a file on another file system. */
export type Standing = ReadonlyMap<string, ReadonlySet<string>>;

/** How many layers of device mapper, RAID and loop are followed before a circle is suspected. */
const MAX_LAYERS = 16;

/**
 * Follows the block devices beneath each file system down to files on another one. Of all, not only of those that will
 * be frozen: one that is left out may well stand between two that are not.
 */
export async function readStanding(system: System, all: readonly FileSystem[]): Promise<Standing> {
  const entries = await boundedly(FILES_AT_ONCE, all, async (fileSystem) => {
    const files = await backingFiles(system, await devicesOf(system, fileSystem), MAX_LAYERS);
    const below = files.flatMap((file) => containing(file, all)?.id ?? []).filter((id) => id !== fileSystem.id);
    return [fileSystem.id, new Set(below)] as const;
  });
  return new Map(entries);
}

/**
 * The order of freezing: what stands on another file system goes before it, because its own freeze still writes
 * there; `/` comes alone and after all that it does not itself stand on, because most of what could go wrong needs it.
 * Within a group all are independent.
 */
export function groupsOf(wanted: readonly FileSystem[], standing: Standing): readonly (readonly FileSystem[])[] {
  const root = wanted.find(({ mountPoint }) => mountPoint === '/')?.id;
  const beneathRoot = root === undefined ? new Set<string>() : allBeneath(root, standing);
  const edges = new Map(standing);
  for (const { id } of wanted) {
    const below = standing.get(id) ?? [];
    edges.set(id, new Set(root === undefined || beneathRoot.has(id) ? below : [...below, root]));
  }
  const heights = heightsOf(edges);
  const byHeight = Map.groupBy(wanted, ({ id }) => heights.get(id) ?? 0);
  return [...byHeight.keys()].sort((a, b) => b - a).map((height) => byHeight.get(height) ?? []);
}

/** How many layers each stands on. As many rounds as there are file systems: a circle, which cannot be, ends too. */
function heightsOf(standing: Standing): ReadonlyMap<string, number> {
  const heights = new Map([...standing.keys()].map((id) => [id, 0]));
  let changed = true;
  for (let round = 0; changed && round < standing.size; round += 1) {
    changed = false;
    for (const [id, below] of standing) {
      const height = Math.max(0, ...[...below].map((other) => 1 + (heights.get(other) ?? -1)));
      changed ||= height !== heights.get(id);
      heights.set(id, height);
    }
  }
  return heights;
}

/** Itself, and whatever it stands on, directly or not. */
function allBeneath(id: string, standing: Standing): ReadonlySet<string> {
  const found = new Set([id]);
  for (const each of found) for (const below of standing.get(each) ?? []) found.add(below);
  return found;
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
