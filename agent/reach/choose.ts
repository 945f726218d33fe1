import type { Imds } from '../system/imds.ts';
import type { System } from '../system/system.ts';
import { type CloudName, cloudOf, serviceEndpoints } from './clouds.ts';
import { type Endpoint, endpointAt } from './endpoint.ts';
import { storageHosts } from './storage-hosts.ts';

/** What somebody has asked for, and what is known of the machine. */
export interface Choice {
  /** `HOST` or `HOST:PORT` each; none: Azure's. Read as they are given by then. */
  readonly named: readonly string[];
  /** By what the metadata service says when it is left out. */
  readonly cloud?: CloudName | undefined;
  readonly imds?: Pick<Imds, 'environment' | 'location'> | undefined;
}

/**
 * What a backup needs to be reached by HTTPS: those that are named, else storage that the VM agent has to do with,
 * identity, and the Backup service of the region.
 */
export async function serviceEndpointsFor(
  system: System,
  { named, cloud, imds }: Choice,
): Promise<readonly Endpoint[]> {
  if (named.length > 0) return named.map(endpointAt).filter((endpoint) => endpoint !== undefined);
  const storage = (await storageHosts(system)).map((host) => ({ purpose: 'storage' as const, url: `https://${host}` }));
  return [...storage, ...serviceEndpoints(cloud ?? cloudOf(imds?.environment), imds?.location)];
}
