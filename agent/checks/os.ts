import type { Facts } from '../system/facts.ts';
import type { Distribution } from '../system/os-release.ts';
import { azureLimit } from './azure.ts';
import { type Check, fail, pass, type Result, skip, warn } from './check.ts';
import { ARCHITECTURES, DISTRIBUTIONS, SMALLEST } from './limits.ts';
import { clockIsRight } from './os-clock.ts';
import { noContainerEngine } from './os-containers.ts';
import { notOverloaded } from './os-load.ts';
import { noDeniedAgent, noFileGate } from './os-security.ts';
import { noClusterVolumes, supportedWindows } from './windows-os.ts';

const supportedLinux: Check = {
  id: 'os.supported.linux',
  group: 'os',
  title: 'Azure Backup supports the distribution',
  platforms: ['linux'],
  source: DISTRIBUTIONS.source,
  async run(_system, { facts }) {
    return azureLimit(facts, judgeDistribution(facts.distribution));
  },
};

/** Azure's list is of publishers; versions are theirs to end, and not ours to guess. */
export function judgeDistribution(distribution: Distribution | undefined): Result {
  if (distribution === undefined) {
    return warn('there is no os-release file', 'Restore /etc/os-release from the base-files or *-release package.');
  }
  const { id, variantId, prettyName } = distribution;
  const has = (list: readonly string[]) => list.includes(id) || list.includes(variantId ?? '');
  if (has(DISTRIBUTIONS.refused)) {
    return fail(
      `Azure Backup leaves ${prettyName} out`,
      'Move the workload to an endorsed distribution, Flatcar for example.',
    );
  }
  if (has(DISTRIBUTIONS.endorsed)) return pass(prettyName);
  return warn(
    `${prettyName} is not endorsed by Azure`,
    'Backups work where the VM agent and Python do, without support. Rehearse a restore before you rely on them.',
  );
}

const arch64: Check = {
  id: 'os.arch64',
  group: 'os',
  title: 'The kernel is 64-bit',
  source: ARCHITECTURES.source,
  async run(_system, { facts }) {
    return azureLimit(facts, judgeArchitecture(facts.architecture));
  },
};

export function judgeArchitecture(architecture: string | undefined): Result {
  if (architecture === undefined) return skip('the architecture cannot be told from here');
  const is = (list: readonly string[]) => list.includes(architecture);
  if (is(ARCHITECTURES.bits64)) return pass(architecture);
  if (is(ARCHITECTURES.bits32)) {
    return fail(
      `${architecture}: 32-bit systems are not supported`,
      'Install a 64-bit system and move the data there.',
    );
  }
  return warn(
    `${architecture} is not known to be supported`,
    'Rehearse a backup and a restore before you rely on them.',
  );
}

const cpuAndMemory: Check = {
  id: 'os.cpu-ram',
  group: 'os',
  title: 'There are CPUs and memory enough',
  source: SMALLEST.source,
  async run(_system, { facts }) {
    return azureLimit(facts, judgeSize(facts));
  },
};

export function judgeSize({ cpus, memoryBytes }: Pick<Facts, 'cpus' | 'memoryBytes'>): Result {
  if (cpus === undefined || memoryBytes === undefined) return skip('cannot be told from here');
  const size = `${cpus} ${cpus === 1 ? 'CPU' : 'CPUs'}, ${(memoryBytes / 1024 ** 3).toFixed(1)} GiB of memory`;
  const lacksMemory = memoryBytes < SMALLEST.memoryBytes * (1 - SMALLEST.kernelShare);
  if (cpus >= SMALLEST.cpus && !lacksMemory) return pass(size);
  return fail(
    `${size}; the least is ${SMALLEST.cpus} CPUs and 1 GiB`,
    'Change the size of the machine:\n$ az vm resize --resource-group GROUP --name NAME --size Standard_B2s',
  );
}

/** Everything about the operating system itself. */
export const osChecks: readonly Check[] = [
  supportedLinux,
  supportedWindows,
  arch64,
  cpuAndMemory,
  notOverloaded,
  clockIsRight,
  noContainerEngine,
  noFileGate,
  noDeniedAgent,
  noClusterVolumes,
];
