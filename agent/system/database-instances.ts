import { ownerOf } from './account.ts';
import { type Database, runningDatabases } from './databases.ts';
import { type Listening, listeningOf } from './listening.ts';
import { readableLink, readableText } from './readable.ts';
import type { System } from './system.ts';

/** A database server that runs here, with what tells one instance from another. */
export interface DatabaseInstance extends Database, Listening {
  /** Of the server process. */
  readonly uid: number | undefined;
  /** It lives in a container: its paths and users are not this machine's, so nothing here can hold it. */
  readonly contained: boolean;
}

/** Those that run now, by rising pid. */
export async function runningInstances(system: System): Promise<readonly DatabaseInstance[]> {
  const ours = await readableLink(system, '/proc/self/ns/pid');
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
      return { ...database, ...listening, uid, contained: elsewhere || isContainers(cgroup ?? '') };
    }),
  );
}

/** A container that shares our processes is still told by its control group: systemd.io/CGROUP_DELEGATION. */
const isContainers = (cgroup: string): boolean =>
  /\/(?:kubepods|libpod-|docker[-/]|cri-containerd|crio-|lxc[./])/.test(cgroup);
