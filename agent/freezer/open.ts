import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { messageOf } from '../errors.ts';
import type { FileSystem } from './mounts.ts';
import { parseMountinfo } from './mounts.ts';

/** Which superblock (`major:minor`) an open descriptor is on; undefined when its mount is gone. */
export type DeviceOf = (fd: number) => string | undefined;

/**
 * Asks the kernel by the mount id of an open descriptor. stat(2) would not do: for btrfs it reports a number that is
 * not the superblock's. The table of mounts is read once, and again when it does not know an id.
 */
export function deviceLookup(): DeviceOf {
  let devices = new Map<string, string>();
  const refresh = () => {
    const mounts = parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8'));
    devices = new Map(mounts.map((mount) => [String(mount.id), mount.device]));
  };
  return (fd) => {
    const id = /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '';
    if (!devices.has(id)) refresh();
    return devices.get(id);
  };
}

/**
 * Opens exactly this file system, for reading. A path may meanwhile show another one (a mount over it, a race with
 * umount), and a freeze through such a descriptor would hit the wrong one, so what was opened is compared.
 */
export function openOn(fileSystem: Pick<FileSystem, 'id' | 'mountPoints'>, deviceOf: DeviceOf): number {
  let reason = 'it has no mount point';
  for (const path of fileSystem.mountPoints) {
    try {
      const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      if (deviceOf(fd) === fileSystem.id) return fd;
      closeSync(fd);
      reason = `${path} shows another file system now`;
    } catch (error) {
      reason = messageOf(error);
    }
  }
  throw new Error(reason);
}
