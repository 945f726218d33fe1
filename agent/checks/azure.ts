import type { Facts } from '../system/facts.ts';
import type { Imds } from '../system/imds.ts';
import { type CheckContext, type Result, skip } from './check.ts';

/** Whether Azure backs this machine up, as far as we can tell. */
export const onAzure = (facts: Facts): boolean => facts.cloud?.name === 'azure';

/**
 * A limit of Azure Backup judges machines on Azure alone. Elsewhere it is worth knowing, since a restore may lead
 * there, but it fails nobody's backup.
 */
export function azureLimit(facts: Facts, result: Result): Result {
  if (onAzure(facts) || (result.verdict !== 'fail' && result.verdict !== 'warn')) return result;
  return {
    ...result,
    verdict: 'info',
    detail: `${result.detail}; matters on Azure only, and this machine is not there`,
  };
}

/** The same for what decides a restore to Azure: it counts elsewhere too for who means to go there, and says so. */
export const restoreLimit = ({ facts, restoringTo }: CheckContext, result: Result): Result =>
  restoringTo === 'azure' ? result : azureLimit(facts, result);

/** What only the host can tell, judged by `judge`: skipped elsewhere, and where the host has not told. Asked once a run. */
export function withImds({ cloud }: Facts, judge: (imds: Imds) => Result): Result {
  if (cloud?.name !== 'azure') return skip('not on Azure');
  const { imds, imdsFault } = cloud;
  return imds === undefined ? skip(`the host has not told (${imdsFault ?? 'no answer'}): see net.imds`) : judge(imds);
}
