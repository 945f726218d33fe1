import type { Config } from '../config/schema.ts';
import type { System } from '../system/system.ts';
import { createQuiescers, kindOf } from './configured.ts';
import type { ConfiguredQuiescer } from './quiescer.ts';
import { readWorkload, type Workload, WorkloadError } from './workload.ts';

/**
 * What holds the application that Microsoft's workload.conf names; empty where it names none, or a section of ours holds
 * one of the same kind already: what is held twice waits for itself. A file that cannot be honoured makes one that cannot
 * be held, and says why: what becomes of the snapshot then is a matter of [snapshot] on-failure, as of any other. Never
 * throws.
 */
export async function workloadQuiescers(
  system: System,
  config: Pick<Config, 'quiescers' | 'snapshot'>,
  self: readonly string[],
): Promise<readonly ConfiguredQuiescer[]> {
  try {
    const workload = await readWorkload(system);
    if (workload === undefined || config.quiescers.some((section) => holdsTheSame(section, workload))) return [];
    return await createQuiescers(system, { ...config, quiescers: [workload.quiescer] }, self);
  } catch (error) {
    return [unholdable(error)];
  }
}

type Section = Config['quiescers'][number];

function holdsTheSame({ name, enabled, settings }: Section, { quiescer }: Workload): boolean {
  const same = kindOf(name)?.id === kindOf(quiescer.name)?.id;
  return enabled && same && settings.covers?.value === quiescer.settings.covers?.value;
}

function unholdable(cause: unknown): ConfiguredQuiescer {
  const refuse = async (): Promise<never> => {
    // The number is for whoever reports to Azure: `workloadCodeOf`.
    if (cause instanceof WorkloadError) throw new Error(`(${cause.azureCode}) ${cause.message} → ${cause.remedy}`);
    throw cause;
  };
  return {
    id: 'workload',
    title: 'workload.conf',
    kind: 'workload',
    pick: () => undefined,
    detect: refuse,
    hold: refuse,
    verify: refuse,
    release: async () => undefined,
  };
}
