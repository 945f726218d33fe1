import type { System } from '../system/system.ts';
import { type Check, type CheckContext, pass, type Result, skip, warn } from './check.ts';
import { CPU_QUOTA } from './limits.ts';
import { gatherWaagent } from './waagent.ts';

/** The slices that the agent puts extensions in, dashes of their names written as underscores: systemd.slice(5). */
const SLICES = [
  'azure.slice',
  'azure-vmextensions.slice',
  'azure-vmextensions-Microsoft.Azure.RecoveryServices.VMSnapshotLinux.slice',
];
const QUERY_MS = 3000;

/** An extension that falls back into the agent's own group shares its quota (vsts-azurevm-extension#254). */
export const quotaIsEnough: Check = {
  id: 'agent.cgroup-quota',
  group: 'agent',
  title: 'Extensions get CPU time enough',
  platforms: ['linux'],
  dependsOn: ['agent.installed'],
  // systemctl is asked for the agent's unit first, and may be silent twice.
  timeoutMs: 2 * QUERY_MS + 1000,
  source: CPU_QUOTA.source,
  async run(system, context) {
    if (!context.facts.systemd || !system.live) return skip('quotas are set with systemd only');
    const quotas = await gatherQuotas(system, context);
    return quotas === undefined ? skip('systemctl does not answer') : judgeQuotas(quotas);
  },
};

/** A limit in percent of one CPU. */
export interface Quota {
  readonly unit: string;
  readonly percent: number;
}

async function gatherQuotas(system: System, { evidence }: CheckContext): Promise<readonly Quota[] | undefined> {
  const { service } = await evidence(gatherWaagent);
  const units = [...SLICES, ...(service?.kind === 'systemd' ? [service.name] : [])];
  const argv = ['systemctl', 'show', '--no-pager', '--property=Id', '--property=CPUQuotaPerSecUSec', ...units];
  const { exitCode, stdout } = await system.run(argv, { timeoutMs: QUERY_MS });
  return exitCode === 0 ? parseQuotas(stdout) : undefined;
}

export const parseQuotas = (output: string): readonly Quota[] =>
  output.split(/\n\s*\n/).flatMap((block) => {
    const unit = /^Id=(.*)$/m.exec(block)?.[1];
    const ms = spanMs(/^CPUQuotaPerSecUSec=(.*)$/m.exec(block)?.[1] ?? '');
    return unit === undefined || ms === undefined ? [] : [{ unit, percent: ms / 10 }];
  });

const UNIT_MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, min: 60_000 };

/** `50ms`, `1s 500ms` … as systemd.time(7) writes spans; `infinity` and anything else is no limit. */
export function spanMs(span: string): number | undefined {
  const parts = [...span.matchAll(/(?<![\d.])(\d{1,15}(?:\.\d{1,15})?)(us|ms|s|min)\b/g)];
  if (parts.length === 0) return undefined;
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNIT_MS[unit ?? ''] ?? 0), 0);
}

export function judgeQuotas(quotas: readonly Quota[]): Result {
  const low = quotas.filter(({ percent }) => percent < CPU_QUOTA.percent);
  const [lowest] = low;
  if (lowest === undefined) return pass(quotas.length === 0 ? 'no limit' : quotas.map(describe).join(', '));
  return warn(
    `${low.map(describe).join(', ')}: too little to answer in time`,
    `Raise it:\n${low.map(({ unit }) => `$ systemctl set-property ${unit} CPUQuota=50%`).join('\n')}`,
  );
}

const describe = ({ unit, percent }: Quota): string => `${unit} ${Math.round(percent)} % of a CPU`;
