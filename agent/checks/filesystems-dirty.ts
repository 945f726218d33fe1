import { readableList, readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { type Check, pass, type Result, skip, warn } from './check.ts';
import { FLUSH } from './limits.ts';

/** What waits to be written, and how fast it can be. */
export interface DirtySigns {
  /** In all; undefined where `/proc/meminfo` does not tell. */
  readonly dirtyBytes: number | undefined;
  /** By disk, as the kernel measured it; empty where debugfs is not mounted or closed to us. */
  readonly disks: readonly DirtyDisk[];
}

export interface DirtyDisk {
  /** `major:minor`. */
  readonly number: string;
  readonly dirtyBytes: number;
  readonly bytesPerSecond: number;
}

const BDI = '/sys/kernel/debug/bdi';

/** All of it is written before or within the freeze. */
export const flushIsQuick: Check = {
  id: 'fs.dirty',
  group: 'storage',
  title: 'What waits to be written is written quickly',
  platforms: ['linux'],
  source: FLUSH.source,
  async run(system) {
    return judgeDirty(await gatherDirty(system));
  },
};

async function gatherDirty(system: System): Promise<DirtySigns> {
  const dirtyBytes = parseDirty((await readableText(system, '/proc/meminfo')) ?? '');
  // Numbers with major 0 are network file systems and the kernel's own.
  const numbers = (await readableList(system, BDI)).filter((name) => /^[1-9]\d*:\d+$/.test(name));
  const disks = await Promise.all(
    numbers.map(async (number) => {
      const stats = parseBdi((await readableText(system, `${BDI}/${number}/stats`)) ?? '');
      return stats === undefined ? [] : [{ number, ...stats }];
    }),
  );
  return { dirtyBytes, disks: disks.flat() };
}

export function parseDirty(meminfo: string): number | undefined {
  const kib = (name: string) => new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(meminfo)?.[1];
  const [dirty, writeback] = [kib('Dirty'), kib('Writeback')];
  return dirty === undefined || writeback === undefined ? undefined : (Number(dirty) + Number(writeback)) * 1024;
}

/** mm/backing-dev.c, bdi_debug_stats_show: kB, and kBps. */
export function parseBdi(stats: string): Omit<DirtyDisk, 'number'> | undefined {
  const kib = (name: string) => new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(stats)?.[1];
  const [writeback, reclaimable, speed] = [kib('BdiWriteback'), kib('BdiReclaimable'), kib('BdiWriteBandwidth')];
  if (writeback === undefined || reclaimable === undefined || Number(speed ?? 0) === 0) return undefined;
  return { dirtyBytes: (Number(writeback) + Number(reclaimable)) * 1024, bytesPerSecond: Number(speed) * 1024 };
}

export function judgeDirty({ dirtyBytes, disks }: DirtySigns): Result {
  const times = disks.map(({ number, dirtyBytes, bytesPerSecond }) => ({
    where: `disk ${number}`,
    dirtyBytes,
    ms: (1000 * dirtyBytes) / bytesPerSecond,
  }));
  const guess = {
    where: 'the disks',
    dirtyBytes: dirtyBytes ?? 0,
    ms: (1000 * (dirtyBytes ?? 0)) / FLUSH.bytesPerSecond,
  };
  if (dirtyBytes === undefined && times.length === 0) return skip('cannot be told from here');
  const [slowest] = (times.length > 0 ? times : [guess]).toSorted((a, b) => b.ms - a.ms) as [typeof guess];
  const waits = `${Math.round(slowest.dirtyBytes / 1024 ** 2)} MiB wait for ${slowest.where}`;
  if (slowest.ms <= FLUSH.slowMs)
    return pass(`${waits}, less than ${Math.max(1, Math.ceil(slowest.ms / 1000))} s of writing`);
  return warn(
    `${waits}, about ${Math.round(slowest.ms / 1000)} s of writing${times.length > 0 ? '' : ' if they take 100 MiB a second'}`,
    'Let the kernel begin earlier, and keep less back:\n$ sysctl -w vm.dirty_background_bytes=67108864 vm.dirty_bytes=268435456',
  );
}
