import { boundedly } from '../system/bounded.ts';
import { runningProcesses } from '../system/processes.ts';
import type { System } from '../system/system.ts';
import { azureLimit } from './azure.ts';
import { disksOf, gatherBlockDevices } from './block-devices.ts';
import { type Check, type CheckContext, fail, pass, type Result, warn } from './check.ts';
import { SOURCES } from './limits.ts';
import { gatherStorage, listed } from './storage-evidence.ts';

/** What tells that another machine writes to our disks too; the host does not say so. */
export interface SharingSigns {
  /** Mount points of file systems that are made for it. */
  readonly clusterMounts: readonly string[];
  readonly clusterPrograms: readonly string[];
  /** Disks with keys of persistent reservations; undefined when nobody could be asked. */
  readonly reserved: readonly string[] | undefined;
}

const CLUSTER_TYPES = ['gfs2', 'ocfs2'];
const CLUSTER_PROGRAMS = ['corosync', 'pacemakerd', 'dlm_controld', 'sbd', 'ocfs2_controld'];
const ASK_MS = 2000;
const ASK_AT_ONCE = 8;

/** A snapshot of one machine is none of what the others do with the disk at that moment. */
export const noSharedDisk: Check = {
  id: 'disk.shared',
  group: 'storage',
  title: 'No disk is shared with another machine',
  platforms: ['linux'],
  source: SOURCES.supportMatrix,
  async run(system, context) {
    return azureLimit(context.facts, judgeSharing(await gatherSharing(system, context)));
  },
};

async function gatherSharing(system: System, { evidence }: CheckContext): Promise<SharingSigns> {
  const { fileSystems } = await evidence(gatherStorage);
  const processes = await evidence(runningProcesses);
  const names = new Set(processes.map(({ name }) => name));
  const clusterPrograms = CLUSTER_PROGRAMS.filter((name) => names.has(name));
  return {
    clusterMounts: fileSystems
      .filter(({ fileSystem }) => CLUSTER_TYPES.includes(fileSystem.type))
      .map(({ fileSystem }) => fileSystem.mountPoint),
    clusterPrograms,
    // Only a cluster sets any, and each disk costs a program.
    reserved: clusterPrograms.length === 0 ? [] : await reservedDisks(system, evidence),
  };
}

/** Reads registrations, sets none: sg_persist(8). It opens the disk, which may hang, so it is a program of its own. */
async function reservedDisks(
  system: System,
  evidence: CheckContext['evidence'],
): Promise<readonly string[] | undefined> {
  const disks = disksOf(await evidence(gatherBlockDevices), 'persistent').map(({ name }) => name);
  const answers = await boundedly(ASK_AT_ONCE, disks, async (name) => {
    const argv = ['sg_persist', '--in', '--readonly', '--read-keys', `/dev/${name}`];
    const { exitCode, stdout } = await system.run(argv, { timeoutMs: ASK_MS });
    return exitCode === 0 ? { name, reserved: hasKeys(stdout) } : undefined;
  });
  const known = answers.filter((answer) => answer !== undefined);
  if (known.length === 0) return undefined;
  return known.filter(({ reserved }) => reserved).map(({ name }) => name);
}

/** `PR generation=0x2, 1 registered reservation key follows:`, or `… there are NO registered reservation keys`. */
export const hasKeys = (output: string): boolean => /\d registered reservation keys? follows?/.test(output);

export function judgeSharing({ clusterMounts, clusterPrograms, reserved }: SharingSigns): Result {
  const remedy =
    'Leave the shared disks out of the backup by their LUN (policy of type Enhanced), and back their data up from within the application:\n' +
    '$ az backup protection update-for-vm --resource-group GROUP --vault-name VAULT --container-name VM --item-name VM --backup-management-type AzureIaasVM --disk-list-setting exclude --diskslist LUN';
  if (reserved !== undefined && reserved.length > 0) {
    return fail(`${listed(reserved)}: reserved by several machines, so shared`, remedy);
  }
  if (clusterMounts.length > 0) return fail(`${listed(clusterMounts)}: file systems that machines share`, remedy);
  if (clusterPrograms.length > 0 && reserved === undefined) {
    return warn(
      `${clusterPrograms.join(', ')} runs here, and whether its disks are shared cannot be told`,
      'Install sg3-utils and look for registered keys on each data disk:\n$ sg_persist --in --readonly --read-keys /dev/sdX',
    );
  }
  return pass('nothing shares them');
}
