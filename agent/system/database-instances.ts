import { posix } from 'node:path';
import { ownerOf } from './account.ts';
import { instancesOnWindows } from './database-instances-windows.ts';
import { type Database, runningDatabases } from './databases.ts';
import { type Listening, listeningOf } from './listening.ts';
import { readableLink, readableText } from './readable.ts';
import type { System } from './system.ts';

/** A database server that runs here, with what tells one instance from another. */
export interface DatabaseInstance extends Database, Listening {
  /** Of the server process, on Linux. */
  readonly uid: number | undefined;
  /** It lives in a container: its paths and users are not this machine's, so nothing here can hold it. */
  readonly contained: boolean;
  /** Anybody can start a program of that name: this one is a login user's, or its socket lies in a folder of somebody else. */
  readonly doubtful: boolean;
}

/** Those that run now, by rising pid. */
export async function runningInstances(system: System): Promise<readonly DatabaseInstance[]> {
  if (system.programs !== undefined) return instancesOnWindows(await system.programs.list());
  const ours = await readableLink(system, '/proc/self/ns/pid');
  const firstLogin = firstLoginUid((await readableText(system, '/etc/login.defs')) ?? '');
  return Promise.all(
    (await runningDatabases(system)).map(async (database) => {
      const { pid } = database;
      const [listening, uid, namespace, cgroup] = await Promise.all([
        listeningOf(system, pid),
        ownerOf(system, pid),
        readableLink(system, `/proc/${pid}/ns/pid`),
        readableText(system, `/proc/${pid}/cgroup`),
      ]);
      const elsewhere = ours !== undefined && namespace !== undefined && namespace !== ours;
      const contained = elsewhere || isContainers(cgroup ?? '');
      const doubtful = (uid ?? 0) >= firstLogin || !(await foldersBelongTo(system, uid, listening.sockets));
      return { ...database, ...listening, uid, contained, doubtful };
    }),
  );
}

/** Below it are the accounts of services: login.defs(5). */
export const firstLoginUid = (loginDefs: string): number =>
  Number(/^[ \t]*UID_MIN[ \t]+(\d{1,10})\b/m.exec(loginDefs)?.[1] ?? 1000);

async function foldersBelongTo(system: System, uid: number | undefined, sockets: readonly string[]): Promise<boolean> {
  // One that starts with @ has no folder: unix(7).
  const folders = sockets.filter((path) => path.startsWith('/')).map((path) => posix.dirname(path));
  const owners = await Promise.all(
    folders.map(async (folder) => (await system.stat(folder).catch(() => undefined))?.uid ?? 0),
  );
  return owners.every((owner) => owner === 0 || owner === uid);
}

/** A container that shares our processes is still told by its control group: systemd.io/CGROUP_DELEGATION. */
const isContainers = (cgroup: string): boolean =>
  /\/(?:kubepods|libpod-|docker[-/]|cri-containerd|crio-|lxc[./])/.test(cgroup);
