import { isThere, readableText } from './readable.ts';
import type { System } from './system.ts';

/** What tells whether PID 1 is the machine's own or a container's. */
export interface ContainerSigns {
  /** `/run/systemd/container` or `/run/host/container-manager`: written by whoever started the container. */
  readonly manager: string | undefined;
  /** `container=` of PID 1's environment: https://systemd.io/CONTAINER_INTERFACE. */
  readonly environment: string | undefined;
  readonly dockerEnv: boolean;
  readonly containerEnv: boolean;
  readonly cgroup: string;
  readonly mountinfo: string;
}

/** Gathers the signs; what we may not read is as good as absent. */
export async function containerSigns(system: System): Promise<ContainerSigns> {
  const [ofSystemd, ofHost, environ, dockerEnv, containerEnv, cgroup, mountinfo] = await Promise.all([
    readableText(system, '/run/systemd/container'),
    readableText(system, '/run/host/container-manager'),
    readableText(system, '/proc/1/environ'),
    isThere(system, '/.dockerenv'),
    isThere(system, '/run/.containerenv'),
    readableText(system, '/proc/1/cgroup'),
    readableText(system, '/proc/self/mountinfo'),
  ]);
  return {
    manager: (ofSystemd ?? ofHost)?.trim() || undefined,
    environment: /(?:^|\0)container=([^\0]+)/.exec(environ ?? '')?.[1],
    dockerEnv,
    containerEnv,
    cgroup: cgroup ?? '',
    mountinfo: mountinfo ?? '',
  };
}

const CGROUPS: readonly (readonly [RegExp, string])[] = [
  [/kubepods/, 'kubernetes'],
  [/libpod/, 'podman'],
  [/docker/, 'docker'],
  [/containerd|\/cri-/, 'containerd'],
  [/\/lxc[./]/, 'lxc'],
];

/** Which kind of container this is; undefined on a machine of its own. */
export function containerOf(signs: ContainerSigns): string | undefined {
  const told = signs.manager ?? signs.environment;
  if (told !== undefined) return told;
  const group = CGROUPS.find(([pattern]) => pattern.test(signs.cgroup))?.[1];
  if (group !== undefined) return group;
  // A virtual machine whose image was exported from a container keeps the marker file; its root is a disk of its own.
  if (rootIsWholeDisk(signs.mountinfo)) return undefined;
  if (signs.containerEnv) return 'podman';
  return signs.dockerEnv ? 'docker' : undefined;
}

/** A container's root is an overlay, or a folder of a file system that is not mounted as a whole. */
const rootIsWholeDisk = (mountinfo: string): boolean =>
  /^\d+ \d+ \S+ \/ \/ .* - (ext[234]|xfs|btrfs|f2fs) \/dev\//m.test(mountinfo);
