import type { Check, Finding } from '../../../agent/checks/check.ts';
import { runChecks } from '../../../agent/checks/run.ts';
import type { Facts } from '../../../agent/system/facts.ts';
import type { System } from '../../../agent/system/system.ts';
import { type FakeSystemOptions, fakeSystem } from '../../fakes/system.ts';

/** A machine on Azure with nothing wrong. */
export const AZURE: Facts = {
  platform: 'linux',
  hostname: 'web-01',
  distribution: {
    id: 'debian',
    versionId: '12',
    variantId: undefined,
    prettyName: 'Debian GNU/Linux 12 (bookworm)',
    idLike: [],
  },
  kernel: '6.1.0-18-cloud-amd64',
  architecture: 'x86_64',
  hypervisor: 'hyper-v',
  cloud: { name: 'azure', imds: undefined, imdsFault: 'not asked' },
  firmware: 'uefi',
  memoryBytes: 8 * 1024 ** 3,
  cpus: 2,
  container: undefined,
  systemd: true,
};

/** The same somewhere else. */
export const ELSEWHERE: Facts = { ...AZURE, hypervisor: 'kvm', cloud: undefined };

/** What a check finds on a machine made of these files and programs. */
export interface Scene extends FakeSystemOptions {
  readonly facts?: Facts;
}

/**
 * Calls itself live, so that checks run their (fake) programs; QUIESCED_TEST=1 then refuses every address but loopback.
 */
export function machine(scene: Scene): { readonly system: System; cleanUp(): void } {
  const fake = fakeSystem(scene);
  return { system: { ...fake, live: true, env: { QUIESCED_TEST: '1' } }, cleanUp: () => fake.cleanUp() };
}

/** The finding of one check, run alone: nothing can hide it. */
export async function find(check: Check, scene: Scene): Promise<Finding> {
  const { system, cleanUp } = machine(scene);
  try {
    const [finding] = await runChecks(system, [check], { facts: scene.facts ?? AZURE });
    if (finding === undefined) throw new Error(`${check.id} does not exist on ${system.platform}`);
    return finding;
  } finally {
    cleanUp();
  }
}

/** A process as `/proc` shows it. */
export const processFiles = (
  pid: number,
  comm: string,
  argv: readonly string[],
  cwd = '/',
): Record<string, string> => ({
  [`/proc/${pid}/comm`]: `${comm}\n`,
  [`/proc/${pid}/cmdline`]: argv.map((part) => `${part}\0`).join(''),
  [`/proc/${pid}/cwd`]: `-> ${cwd}`,
});
