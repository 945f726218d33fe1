import { readableList } from '../system/readable.ts';
import { registryText } from '../system/registry.ts';
import type { System } from '../system/system.ts';
import { azureLimit } from './azure.ts';
import { type Check, fail, pass, type Result, skip, warn } from './check.ts';
import { SOURCES, WINDOWS_BUILDS } from './limits.ts';
import { systemDrive } from './windows-agent.ts';
import { servicesOf } from './windows-services.ts';

const KEY = 'HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion';

/** Which Windows this is. */
export interface Edition {
  readonly name: string;
  readonly build: number;
  /** `Server`, `Server Core`, `Client`. */
  readonly type: string;
}

/** By its build: up to Windows 11 the product's name in the registry says "Windows 10". */
export const supportedWindows: Check = {
  id: 'os.supported.windows',
  group: 'os',
  title: 'Azure Backup supports this Windows',
  platforms: ['windows'],
  source: WINDOWS_BUILDS.source,
  async run(system, { facts }) {
    const [name, build, type] = await Promise.all(
      ['ProductName', 'CurrentBuildNumber', 'InstallationType'].map((value) =>
        registryText(system, `${KEY}\\${value}`),
      ),
    );
    if (build === undefined || type === undefined) return skip('the registry does not tell which Windows this is');
    return azureLimit(facts, judgeEdition({ name: name ?? 'Windows', build: Number(build), type }));
  },
};

export function judgeEdition({ name, build, type }: Edition): Result {
  const { server, client, oldest, names } = WINDOWS_BUILDS;
  const found = `${name}, build ${build} (${type})`;
  const remedy = `Move the workload to one that is: ${names}.`;
  if (!/^(Client|Server|Server Core)$/.test(type)) return warn(`${found} is of no kind that is known here`, remedy);
  if (build >= (type === 'Client' ? client : server)) return pass(found);
  if (build < oldest) return fail(`${found} is not supported`, remedy);
  return warn(`${found}: backups may work, but the VM agent is not supported on it any more`, remedy);
}

/** Shared volumes of a cluster are in no backup of a machine, and its disks belong to several. */
export const noClusterVolumes: Check = {
  id: 'os.cluster-csv',
  group: 'os',
  title: 'The machine is in no failover cluster',
  platforms: ['windows'],
  source: SOURCES.supportMatrix,
  async run(system, { facts }) {
    const { ClusSvc: service } = await servicesOf(system, ['ClusSvc']);
    return azureLimit(facts, judgeCluster(service?.state, service === undefined ? [] : await sharedVolumes(system)));
  },
};

const sharedVolumes = (system: System): Promise<readonly string[]> =>
  readableList(system, `${systemDrive(system)}\\ClusterStorage`);

/** @param state of the service; undefined: it is not installed. */
export function judgeCluster(state: string | undefined, volumes: readonly string[]): Result {
  if (state === undefined) return pass('no cluster service');
  if (volumes.length > 0) {
    return fail(
      `cluster shared volumes are here (${volumes.join(', ')}): a backup of machines does not support them`,
      'Back up what is on them by an agent in the machines: Azure Backup Server, or MARS for files.',
    );
  }
  if (state !== 'running') return pass(`the cluster service is ${state}`);
  return warn(
    'the machine is a node of a failover cluster: shared disks are in no backup of it',
    'See that what is on shared disks is backed up from inside, and leave these out (policy of type Enhanced).',
  );
}
