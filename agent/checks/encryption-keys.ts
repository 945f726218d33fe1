import { isByDisk, isByOrder } from '../boot/device-names.ts';
import type { FileSystem } from '../freezer/mounts.ts';
import { isThere } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { beneath, deviceOf, gatherBlockDevices } from './block-devices.ts';
import { type Check, type CheckContext, info, pass, type Result, skip, warn } from './check.ts';
import { type CryptEntry, isMadeAnew, isOfAzure, keyFileOf } from './encryption-crypttab.ts';
import { gatherEncryption } from './encryption-evidence.ts';
import { gatherStorage, isNetwork, isTrigger, listed } from './storage-evidence.ts';

/** Where a key file is: it decides whether a restored machine opens its disks, and whether anybody with the backup can. */
export type KeyPlace =
  | 'missing'
  /** On a disk of the backup that is itself encrypted. */
  | 'encrypted'
  /** On a disk of the backup, in clear. */
  | 'clear'
  /** In memory, on the temporary disk or in the network: not in the backup. */
  | 'outside'
  | 'unknown';

/** A line of crypttab, and the place of its key file if it has one. */
export interface KeyedEntry extends CryptEntry {
  readonly place: KeyPlace | undefined;
}

/** A restored machine has other disks, maybe in another order. */
export const crypttabLasts: Check = {
  id: 'enc.crypttab',
  group: 'encryption',
  alsoIn: ['restore'],
  offline: true,
  title: 'crypttab finds its disks and keys after a restore',
  platforms: ['linux'],
  // Keys are hidden from everybody else, and a hidden one would look missing.
  needsRoot: true,
  source:
    'crypttab(5); https://learn.microsoft.com/troubleshoot/azure/virtual-machines/linux/linux-virtual-machine-cannot-start-fstab-errors (2025)',
  async run(system, context) {
    const { crypttab } = await context.evidence(gatherEncryption);
    if (crypttab === undefined) return skip('there is no /etc/crypttab');
    return judgeCrypttab(await Promise.all(crypttab.map((entry) => withPlace(system, context, entry))));
  },
};

const PRINTED = 'as `cryptsetup luksUUID` prints it:\n$ blkid --match-token TYPE=crypto_LUKS';

export function judgeCrypttab(entries: readonly KeyedEntry[]): Result {
  const names = (chosen: readonly CryptEntry[]) => listed(chosen.map(({ name, device }) => `${name} on ${device}`));
  const keys = (place: KeyPlace) => entries.filter((entry) => entry.place === place).map(({ key }) => key ?? '');
  const unstable = entries.filter((entry) => isByOrder(entry) || isByDisk(entry));
  const risky = unstable.filter(isMadeAnew);
  if (risky.length > 0) {
    return warn(
      `named by the order of disks and made anew at each boot: ${names(risky)}. After a restore another disk may have that name, and is overwritten`,
      'Name the partition by PARTUUID=…, which the new contents leave alone:\n$ lsblk -o NAME,PARTUUID,SIZE,TYPE',
    );
  }
  if (unstable.length > 0) {
    return warn(
      `named by the order of disks, or by the disk itself: ${names(unstable)}. A restored machine has others`,
      `Name each by UUID=…, ${PRINTED}`,
    );
  }
  if (keys('missing').length > 0) {
    return warn(
      `the key file is not there: ${listed(keys('missing'))}`,
      'Put the key back or correct the line, and try it:\n$ cryptdisks_start NAME || systemctl start systemd-cryptsetup@NAME',
    );
  }
  if (keys('outside').length > 0) {
    return warn(
      `the key file is on what no backup holds: ${listed(keys('outside'))}`,
      'Keep a copy of the key outside of this machine, where a restore finds it.',
    );
  }
  if (keys('clear').length > 0) {
    return info(
      `the key lies in clear in the same backup: ${listed(keys('clear'))}. A restored machine opens its disks, and so does whoever has the backup`,
      'Keep the key on an encrypted file system or in a key vault, if that matters to you.',
    );
  }
  return pass(entries.length === 0 ? 'empty' : listed(entries.map(({ name }) => name)));
}

async function withPlace(system: System, context: CheckContext, entry: CryptEntry): Promise<KeyedEntry> {
  const path = isOfAzure(entry) ? undefined : keyFileOf(entry);
  return { ...entry, place: path === undefined ? undefined : await placeOf(system, context, path) };
}

/** Decides by the table of mounts before it touches the path: one on a dead network mount would hang. */
async function placeOf(system: System, { evidence }: CheckContext, path: string): Promise<KeyPlace> {
  const { fileSystems } = await evidence(gatherStorage);
  const home = homeOf(
    fileSystems.map(({ fileSystem }) => fileSystem),
    path,
  );
  if (home !== undefined && (isNetwork(home) || isTrigger(home))) return 'outside';
  if (!(await isThere(system, path))) return 'missing';
  if (home === undefined) return 'unknown';
  if (/^(tmpfs|ramfs)$/.test(home.type)) return 'outside';
  const [devices, { devices: encrypted }] = await Promise.all([
    evidence(gatherBlockDevices),
    evidence(gatherEncryption),
  ]);
  const device = await deviceOf(system, devices, home);
  if (device === undefined) return 'unknown';
  const layers = beneath(devices, device);
  if (layers.some(({ kind }) => kind === 'temporary')) return 'outside';
  return layers.some(({ name }) => encrypted.some((crypt) => crypt.name === name)) ? 'encrypted' : 'clear';
}

/** The file system whose mount point leads furthest towards the path. */
export const homeOf = (fileSystems: readonly FileSystem[], path: string): FileSystem | undefined =>
  fileSystems
    .flatMap((fileSystem) => fileSystem.mountPoints.map((mountPoint) => ({ fileSystem, mountPoint })))
    .filter(({ mountPoint }) => mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`))
    .sort((a, b) => b.mountPoint.length - a.mountPoint.length)[0]?.fileSystem;
