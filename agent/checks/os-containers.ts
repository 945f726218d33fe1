import { baseName, runningProcesses } from '../system/processes.ts';
import { readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { azureLimit } from './azure.ts';
import { type Check, pass, type Result, warn } from './check.ts';
import { SOURCES } from './limits.ts';
import { servicesOf } from './windows-services.ts';

const ENGINES = ['dockerd', 'containerd', 'crio', 'k3s', 'kubelet'];
/** On Windows: as dockerd and containerd register themselves, Docker Desktop's own, and Kubernetes' agent. */
const ENGINE_SERVICES = ['docker', 'com.docker.service', 'containerd', 'kubelet'];

/** Azure's agent cannot leave the mounts of containers out. */
export const noContainerEngine: Check = {
  id: 'os.docker',
  group: 'os',
  title: 'No container engine keeps mounts of its own',
  source: SOURCES.supportMatrix,
  async run(system, { facts, evidence }) {
    if (system.platform === 'windows') return azureLimit(facts, judgeEngines(await engineServices(system), 0));
    const processes = await evidence(runningProcesses);
    const mountinfo =
      (await readableText(system, '/proc/1/mountinfo')) ?? (await readableText(system, '/proc/self/mountinfo')) ?? '';
    const names = processes.flatMap(({ name, argv }) => [name, baseName(argv[0] ?? '')]);
    const engines = ENGINES.filter((engine) => names.includes(engine));
    return azureLimit(facts, judgeEngines(engines, containerMounts(mountinfo)));
  },
};

async function engineServices(system: System): Promise<readonly string[]> {
  const services = await servicesOf(system, ENGINE_SERVICES);
  return ENGINE_SERVICES.filter((name) => services[name]?.state === 'running');
}

export function judgeEngines(engines: readonly string[], mounts: number): Result {
  if (engines.length === 0 && mounts === 0) return pass('none runs here');
  const found = [
    ...(engines.length > 0 ? [engines.join(', ')] : []),
    ...(mounts > 0 ? [`${mounts} mounts of containers`] : []),
  ];
  return warn(
    `${found.join('; ')}: machines with Docker are outside Azure's support, and their mounts cannot be left out`,
    'Keep the data of containers on a disk of its own, and rehearse a backup and a restore before you rely on them.',
  );
}

/** Mounts below an engine's own folder: a container that we ourselves run in has its root at `/`. */
export const containerMounts = (mountinfo: string): number =>
  mountinfo.split('\n').filter((line) => CONTAINER_MOUNT.test(line.split(' ')[4] ?? '')).length;

const CONTAINER_MOUNT = /^\/(var\/lib\/(docker|containerd|containers|kubelet|rancher)|run\/containerd)\/./;
