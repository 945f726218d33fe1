import { boundedly, FILES_AT_ONCE } from '../system/bounded.ts';
import type { System } from '../system/system.ts';
import type { FileSystem } from './mounts.ts';

/**
 * What a file system means for a snapshot.
 * - `freezable`: must be frozen for the snapshot to be better than crash-consistent;
 * - `exempt`: listed, but without weight, for the reason given;
 * - `unfreezable`: written to and cannot be held: the snapshot is crash-consistent at best.
 */
export interface Classified {
  readonly fileSystem: FileSystem;
  readonly class: 'freezable' | 'exempt' | 'unfreezable';
  readonly reason: string;
}

export async function classify(system: System, fileSystems: readonly FileSystem[]): Promise<readonly Classified[]> {
  return boundedly(FILES_AT_ONCE, fileSystems, async (fileSystem) => {
    const temporary = await isAzureTemporaryDisk(system, fileSystem);
    return { fileSystem, ...classOf(fileSystem, temporary) };
  });
}

const FREEZABLE = new Set(['ext3', 'ext4', 'xfs', 'btrfs', 'f2fs', 'nilfs2']);
const FAT = new Set(['vfat', 'msdos', 'exfat']);
const NETWORK =
  /^(nfs4?|cifs|smb3|smbfs|ncpfs|afs|ceph|9p|virtiofs|lustre|beegfs|glusterfs|pvfs2|orangefs|fuse\.(sshfs|s3fs|glusterfs|ceph|rclone|davfs|blobfuse2?|gcsfuse|curlftpfs|mfs|juicefs))$/;
/** File systems with data of their own that have no block device of their own in the kernel's eyes. */
const LOCAL_WITHOUT_DEVICE = /^(zfs|fuse(\..*)?|fuseblk|bcachefs)$/;
/** FUSE programs that show data which lives elsewhere. */
const FUSE_VIEWS =
  /^fuse\.(gvfsd-fuse|portal|lxcfs|.*portal.*|vmware-vmblock|snapfuse|squashfuse|fuse-overlayfs|overlayfs)$/;

/** The decision, by what mountinfo says. The order of the questions is that of their certainty. */
export function classOf(fileSystem: FileSystem, azureTemporaryDisk: boolean): Pick<Classified, 'class' | 'reason'> {
  const { type, source, readOnly, hidden } = fileSystem;
  if (type === 'autofs') return exempt('automount trigger, never touched');
  if (NETWORK.test(type)) return exempt('network file system, not part of this machine');
  if (readOnly) return exempt('read-only');
  if (azureTemporaryDisk) return exempt("Azure's temporary disk, never backed up");
  if (FAT.has(type)) return exempt('FAT cannot be frozen; flushed only');
  if (FREEZABLE.has(type) && hidden) {
    return { class: 'unfreezable', reason: 'hidden beneath another mount, so nothing can open it' };
  }
  if (FREEZABLE.has(type)) return { class: 'freezable', reason: 'can be frozen' };
  if (FUSE_VIEWS.test(type)) return exempt('a view of other file systems');
  if (LOCAL_WITHOUT_DEVICE.test(type) || source.startsWith('/dev/')) {
    return { class: 'unfreezable', reason: `${type} is written to and cannot be frozen` };
  }
  return exempt('kept in memory or by the kernel');
}

const exempt = (reason: string) => ({ class: 'exempt', reason }) as const;

async function isAzureTemporaryDisk(system: System, { id, source }: FileSystem): Promise<boolean> {
  if (!source.startsWith('/dev/')) return false;
  const device = await system.readLink(`/sys/dev/block/${id}`);
  return device !== undefined && isTemporaryDevice(device);
}

/**
 * By its path in /sys: the temporary ("resource") disk is the VMBus device 00000000-0001-… of a generation 1 machine and
 * LUN 1 of the controller f8b3781a-… of a generation 2 machine: `device_for_ide_port` of the Azure Linux agent.
 */
export const isTemporaryDevice = (path: string): boolean =>
  /\/00000000-0001-/.test(path) || /\/f8b3781a-1e82-4818-a1c3-63d806ec15bb\/.*\/\d+:\d+:\d+:1\//.test(path);
