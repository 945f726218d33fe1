import { processIds } from './processes.ts';
import { readableLink, readableList, readableText } from './readable.ts';
import type { System } from './system.ts';

/** A process that the kernel asks before others may open, read or run a file. */
export interface PermissionListener {
  readonly pid: number;
  readonly command: string;
}

/** FAN_OPEN_PERM, FAN_ACCESS_PERM, FAN_OPEN_EXEC_PERM, FAN_PRE_ACCESS: include/uapi/linux/fanotify.h. */
const PERMISSION_BITS = 0x10000n | 0x20000n | 0x40000n | 0x100000n;

/**
 * Who must answer before a file may be opened: virus scanners, fapolicyd. When such a process writes its own log to a
 * frozen file system it blocks there, and with it every open on the whole machine: the deadlock of
 * azure-linux-extensions#1868. Without root only our own processes are seen.
 */
export async function permissionListeners(system: System): Promise<readonly PermissionListener[]> {
  const listeners: PermissionListener[] = [];
  // One process at a time: a machine may have a hundred thousand descriptors, and the thread pool has other users.
  for (const pid of await processIds(system)) {
    if (await listens(system, pid)) listeners.push({ pid, command: await commandOf(system, pid) });
  }
  return listeners;
}

async function listens(system: System, pid: number): Promise<boolean> {
  const fds = await readableList(system, `/proc/${pid}/fd`);
  const found = await Promise.all(
    fds.map(async (fd) => {
      // The link costs a fraction of the text, and hardly any descriptor is of this kind.
      if ((await readableLink(system, `/proc/${pid}/fd/${fd}`)) !== 'anon_inode:[fanotify]') return false;
      return asksPermission((await readableText(system, `/proc/${pid}/fdinfo/${fd}`)) ?? '');
    }),
  );
  return found.includes(true);
}

/** Whether a mark in the fdinfo of a fanotify descriptor waits for permission events: proc_pid_fdinfo(5). */
export const asksPermission = (fdinfo: string): boolean =>
  [...fdinfo.matchAll(/^fanotify .*\bmask:([0-9a-f]+)/gim)].some(
    ([, mask]) => (BigInt(`0x${mask}`) & PERMISSION_BITS) !== 0n,
  );

const commandOf = async (system: System, pid: number): Promise<string> =>
  (await readableText(system, `/proc/${pid}/comm`))?.trimEnd() || '?';
