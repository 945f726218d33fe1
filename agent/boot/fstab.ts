import { volumeGroupOf } from './device-names.ts';

/** One line of fstab(5). */
export interface FstabEntry {
  readonly device: string;
  readonly mountPoint: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** Total: a line that mount(8) would refuse is left out. */
export const parseFstab = (text: string): readonly FstabEntry[] =>
  text.split('\n').flatMap((line) => {
    const [device, mountPoint, type, options] = line.split(/[ \t]+/).filter((field) => field !== '');
    if (device === undefined || device.startsWith('#') || mountPoint === undefined || type === undefined) return [];
    return [
      {
        device: unescapeOctal(device),
        mountPoint: unescapeOctal(mountPoint),
        type,
        options: (options ?? 'defaults').split(',').filter((option) => option !== ''),
      },
    ];
  });

/** Blanks of a name are written as octal digits: getmntent(3). */
const unescapeOctal = (text: string): string =>
  text.replace(/\\([0-3][0-7]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

/** Mounted from a disk, or used as swap on one: not from the network, memory, or another folder. */
export const isOnDisk = ({ device }: FstabEntry): boolean =>
  device.startsWith('/dev/') || /^(UUID|PARTUUID|LABEL|PARTLABEL|ID)=/.test(device);

/** A boot goes on without it. */
export const mayBeMissing = ({ options }: FstabEntry): boolean =>
  options.includes('nofail') || options.includes('noauto') || options.includes('x-systemd.automount');

/** What belongs to the system itself: without it a boot comes up half, and programs write into the folders beneath. */
const SYSTEM_MOUNTS =
  /^\/($|boot(\/|$)|efi$|usr(\/|$)|var(\/(cache|lib|log|log\/audit|spool|tmp))?$|home$|root$|tmp$|opt$)/;

/** Holds data, and not the system: a machine should come up without it. */
export function isData(entry: FstabEntry, entries: readonly FstabEntry[]): boolean {
  if (!isOnDisk(entry) || entry.type === 'swap' || !entry.mountPoint.startsWith('/')) return false;
  if (SYSTEM_MOUNTS.test(entry.mountPoint) || entry.options.includes('bind')) return false;
  const root = entries.find(({ mountPoint }) => mountPoint === '/')?.device ?? '';
  const group = volumeGroupOf(entry.device);
  // Volumes of the system's own group, and subvolumes of its file system, are on its disk.
  return entry.device !== root && (group === undefined || group !== volumeGroupOf(root));
}
