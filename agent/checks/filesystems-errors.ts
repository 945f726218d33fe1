import { type FstabEntry, parseFstab } from '../boot/fstab.ts';
import type { FileSystem } from '../freezer/mounts.ts';
import { boundedly } from '../system/bounded.ts';
import { readableList, readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { beneath, deviceOf, gatherBlockDevices } from './block-devices.ts';
import { type Check, type CheckContext, fail, pass, type Result, skip } from './check.ts';
import { type KernelTrouble, parseKernelLog } from './kernel-log.ts';
import { SOURCES } from './limits.ts';
import { gatherStorage, isNetwork, listed, NO_MOUNTS, pasted } from './storage-evidence.ts';

/** A file system that something is wrong with, and what tells so. */
export interface Trouble {
  readonly mountPoint: string;
  readonly type: string;
  readonly source: string;
  readonly what: string;
}

const DMESG_MS = 3000;
const READ_AT_ONCE = 32;

/** A backup of a damaged file system is a damaged backup, and freezing it fails. */
export const nothingIsBroken: Check = {
  id: 'fs.readonly-error',
  group: 'storage',
  title: 'No file system has met an error',
  platforms: ['linux'],
  source: SOURCES.troubleshoot,
  async run(system, context) {
    const { mounts } = await context.evidence(gatherStorage);
    return mounts.length === 0 ? skip(NO_MOUNTS) : judgeTroubles(await gatherTroubles(system, context));
  },
};

async function gatherTroubles(system: System, context: CheckContext): Promise<readonly Trouble[]> {
  const { mounts, fileSystems } = await context.evidence(gatherStorage);
  const options = new Map(mounts.map(({ device, superOptions }) => [device, superOptions]));
  const devices = await context.evidence(gatherBlockDevices);
  const fstab = parseFstab((await readableText(system, '/etc/fstab')) ?? '');
  const log = await kernelLog(system);
  const onDisk = fileSystems
    .map(({ fileSystem }) => fileSystem)
    .filter((fileSystem) => fileSystem.source.startsWith('/dev/') && !isNetwork(fileSystem));
  const troubles = await boundedly(READ_AT_ONCE, onDisk, async (fileSystem) => {
    const device = await deviceOf(system, devices, fileSystem);
    const names = device === undefined ? [] : beneath(devices, device).map(({ name }) => name);
    const readOnly = wentReadOnly(fileSystem, options.get(fileSystem.id) ?? [], fstab);
    const counted = device === undefined ? [] : await countedErrors(system, fileSystem, device);
    const { mountPoint, type, source } = fileSystem;
    return [...readOnly, ...counted, ...logged(log, names)].map((what) => ({ mountPoint, type, source, what }));
  });
  return troubles.flat();
}

/** Those that are read-only by nature, and not because something went wrong. */
const ALWAYS_READ_ONLY = ['iso9660', 'udf', 'squashfs', 'erofs', 'cramfs'];

/** `emergency_ro` and `shutdown` are ext4's words since Linux 6.15, which no longer turns the superblock to `ro`. */
export function wentReadOnly(
  fileSystem: FileSystem,
  superOptions: readonly string[],
  fstab: readonly FstabEntry[],
): readonly string[] {
  const hint = ['emergency_ro', 'shutdown'].find((option) => superOptions.includes(option));
  if (hint !== undefined) return [`stopped by the kernel (${hint})`];
  if (!fileSystem.readOnly || ALWAYS_READ_ONLY.includes(fileSystem.type)) return [];
  const entry = fstab.find(({ mountPoint, type }) => type !== 'swap' && fileSystem.mountPoints.includes(mountPoint));
  const meantToWrite = entry !== undefined && !entry.options.includes('ro') && !entry.options.includes('bind');
  return meantToWrite ? ['read-only, though /etc/fstab says otherwise'] : [];
}

/** What the file system itself keeps count of, on the disk, until it is checked or the count is taken back. */
async function countedErrors(system: System, { type }: FileSystem, device: string): Promise<readonly string[]> {
  if (/^ext[234]$/.test(type)) {
    const errors = Number((await readableText(system, `/sys/fs/ext4/${device}/errors_count`)) ?? 0);
    return errors > 0 ? [`${errors} errors counted since the last check`] : [];
  }
  return type === 'btrfs' ? btrfsErrors(system, device) : [];
}

async function btrfsErrors(system: System, device: string): Promise<readonly string[]> {
  for (const uuid of await readableList(system, '/sys/fs/btrfs')) {
    const folder = `/sys/fs/btrfs/${uuid}`;
    if (!(await readableList(system, `${folder}/devices`)).includes(device)) continue;
    const ids = await readableList(system, `${folder}/devinfo`);
    const stats = await Promise.all(ids.map((id) => readableText(system, `${folder}/devinfo/${id}/error_stats`)));
    const errors = stats.map((text) => sumOfErrors(text ?? '')).reduce((sum, each) => sum + each, 0);
    return errors > 0 ? [`${errors} errors counted since the counters were reset`] : [];
  }
  return [];
}

/** `write_errs 0` and four more such lines: Linux 5.14. */
export const sumOfErrors = (text: string): number =>
  [...text.matchAll(/^\w+_errs (\d+)$/gm)].reduce((sum, [, errors]) => sum + Number(errors), 0);

/** Only root may read it as a rule (kernel.dmesg_restrict); reading /dev/kmsg ourselves could block. */
async function kernelLog(system: System): Promise<KernelLog> {
  if (!system.privileged || !system.live) return new Map();
  const argv = ['dmesg', '--level=emerg,alert,crit,err,warn'];
  return byDevice(parseKernelLog((await system.run(argv, { timeoutMs: DMESG_MS })).stdout));
}

/** Lines by the device that they name. */
type KernelLog = ReadonlyMap<string, readonly KernelTrouble[]>;

export const byDevice = (lines: readonly KernelTrouble[]): KernelLog => Map.groupBy(lines, ({ device }) => device);

/** The last line about the lowest of the devices that a file system is on that has any: trouble rises from there. */
export function logged(log: KernelLog, devices: readonly string[]): readonly string[] {
  const lines = devices.flatMap((device) => log.get(device) ?? []);
  const last = lines.at(-1);
  if (last === undefined) return [];
  return [`${lines.length === 1 ? 'in' : `${lines.length} lines in`} the kernel's log: ${last.text}`];
}

export function judgeTroubles(troubles: readonly Trouble[]): Result {
  if (troubles.length === 0) return pass('none is on record');
  const [worst] = troubles as [Trouble];
  return fail(
    listed(
      troubles.map(({ mountPoint, what }) => `${mountPoint}: ${what}`),
      3,
    ),
    `Save the data, then check ${worst.mountPoint}:\n${checkOf(worst)}`,
  );
}

function checkOf({ mountPoint, type, source }: Trouble): string {
  const [place, device] = [pasted(mountPoint), pasted(source)];
  if (type === 'btrfs') return `$ btrfs scrub start -B ${place}\n$ btrfs device stats --reset ${place}`;
  const program = type === 'xfs' ? 'xfs_repair' : 'fsck -f';
  if (mountPoint !== '/') return `$ umount ${place}\n$ ${program} ${device}\n$ mount ${place}`;
  return type === 'xfs'
    ? `Start a rescue system, or a rescue machine with this disk, for:\n$ xfs_repair ${device}`
    : 'Add fsck.mode=force to the kernel command line for one start, then:\n$ systemctl reboot';
}
