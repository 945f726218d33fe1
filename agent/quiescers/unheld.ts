import { type DatabaseInstance, runningInstances } from '../system/database-instances.ts';
import { DATABASES } from '../system/databases.ts';
import type { System } from '../system/system.ts';
import type { ConfiguredQuiescer } from './quiescer.ts';

type Picks = Pick<ConfiguredQuiescer, 'pick'>;

/** Those that none of the quiescers would hold. */
export const unheldAmong = (
  instances: readonly DatabaseInstance[],
  quiescers: readonly Picks[],
): readonly DatabaseInstance[] => {
  const held = new Set(quiescers.map((quiescer) => quiescer.pick(instances)));
  return instances.filter((instance) => !held.has(instance));
};

/**
 * The databases that run now and that nothing of ours would hold, by their titles, each once. On Windows those that no
 * VSS writer holds either: what has one is its own writer's to answer for.
 */
export async function unheldDatabases(system: System, quiescers: readonly Picks[]): Promise<readonly string[]> {
  return [...new Set(unheldAmong(await runningInstances(system), quiescers).map(nameOf))];
}

/** `PostgreSQL`, `MariaDB in a container`. */
export const nameOf = ({ kind, contained }: DatabaseInstance): string =>
  `${DATABASES[kind]}${contained ? ' in a container' : ''}`;
