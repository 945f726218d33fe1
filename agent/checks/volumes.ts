import { boundedly } from '../system/bounded.ts';
import { readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import type { BlockDevices } from './block-devices.ts';

/** Several devices that are used as one: a volume group of LVM, or an array of MD. */
export interface Volume {
  readonly name: string;
  readonly type: 'lvm' | 'md';
  /** The kernel's names of the parts that are in use: logical volumes, or the array itself. */
  readonly devices: readonly string[];
  /** In what way it is not whole. */
  readonly fault: string | undefined;
}

const QUERY_MS = 2000;
const READ_AT_ONCE = 32;

/** By sysfs, as far as that goes: the tools of LVM scan every disk under a lock, and hang with the first that does. */
export async function gatherVolumes(system: System, devices: BlockDevices): Promise<readonly Volume[]> {
  const names = [...devices.keys()];
  const arrays = names.filter((name) => /^md/.test(name));
  const mapped = names.filter((name) => /^dm-\d+$/.test(name));
  const [md, lvm] = await Promise.all([
    Promise.all(arrays.map((name) => readArray(system, name))),
    readGroups(system, mapped),
  ]);
  return [...md.filter((volume) => volume !== undefined), ...lvm];
}

async function readArray(system: System, name: string): Promise<Volume | undefined> {
  const read = async (file: string) => (await readableText(system, `/sys/class/block/${name}/md/${file}`))?.trim();
  const [state, missing] = await Promise.all([read('array_state'), read('degraded')]);
  // The kernel keeps an array that was stopped: Documentation/admin-guide/md.rst.
  if (state === undefined || state === 'clear') return undefined;
  const fault = Number(missing ?? 0) > 0 ? `degraded, ${missing} of its disks missing` : undefined;
  return { name, type: 'md', devices: [name], fault: state === 'broken' ? 'broken' : fault };
}

interface LogicalVolume {
  readonly device: string;
  readonly name: string;
  readonly group: string;
}

async function readGroups(system: System, mapped: readonly string[]): Promise<readonly Volume[]> {
  const read = async (name: string, file: string) =>
    (await readableText(system, `/sys/class/block/${name}/dm/${file}`))?.trim() ?? '';
  const all = await boundedly(READ_AT_ONCE, mapped, async (device) => {
    const [name, uuid] = await Promise.all([read(device, 'name'), read(device, 'uuid')]);
    return uuid.startsWith('LVM-') ? [{ device, name, group: groupOf(name) }] : [];
  });
  const volumes: readonly LogicalVolume[] = all.flat();
  const mirrored = volumes.some(({ name }) => /_rimage_\d+$/.test(name));
  const faults = mirrored ? await raidFaults(system) : new Map<string, string>();
  return [...Map.groupBy(volumes, ({ group }) => group)].map(([name, members]) => ({
    name,
    type: 'lvm',
    devices: members.map(({ device }) => device),
    fault: members.map((member) => faults.get(member.name)).find((fault) => fault !== undefined),
  }));
}

/** `group-volume`, where a hyphen of either name is doubled: lvm(8). */
export const groupOf = (name: string): string => /^((?:[^-]|--)+)-(?!-)/.exec(name)?.[1]?.replaceAll('--', '-') ?? name;

async function raidFaults(system: System): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await system.run(['dmsetup', 'status', '--target', 'raid'], { timeoutMs: QUERY_MS });
  return parseRaidStatus(stdout);
}

/**
 * `vg-lv: 0 2097152 raid raid1 2 Aa …`: a letter for each member, A alive, a alive but not in step, D dead or failed:
 * Documentation/admin-guide/device-mapper/dm-raid.rst.
 */
export const parseRaidStatus = (output: string): ReadonlyMap<string, string> =>
  new Map(
    output.split('\n').flatMap((line) => {
      const [, name, health] = /^(\S+): \d+ \d+ raid \S+ \d+ ([ADa-]+) /.exec(line) ?? [];
      const dead = [...(health ?? '')].filter((letter) => letter === 'D').length;
      return name === undefined || dead === 0 ? [] : [[name, `degraded, ${dead} of its disks missing`] as const];
    }),
  );
