import type { System } from '../../../agent/system/system.ts';
import type { AzureTakerOptions } from '../takers/azure-taker.ts';

/** What tests put in the place of Azure and of the machine's own disks, and nobody else can. */
export interface Replaced {
  readonly azure: Pick<AzureTakerOptions, 'hostUrl' | 'ca'>;
  readonly mounts?: readonly string[];
}

export function replacedByTest(env: System['env']): Replaced {
  if (env.QUIESCED_TEST !== '1') return { azure: {} };
  const { QUIESCED_TEST_AZURE_HOST: hostUrl, QUIESCED_TEST_AZURE_CA: ca, QUIESCED_TEST_AZURE_MOUNTS: mounts } = env;
  return {
    azure: { ...(hostUrl === undefined ? {} : { hostUrl }), ...(ca === undefined ? {} : { ca }) },
    ...(mounts === undefined ? {} : { mounts: mounts.split(',').filter((path) => path !== '') }),
  };
}
