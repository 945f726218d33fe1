import type { FuzzTarget } from './target.ts';
import { agentTargets } from './targets/agent.ts';
import { azureAnswerTargets } from './targets/azure-answers.ts';
import { azureJobTargets } from './targets/azure-jobs.ts';
import { configTargets } from './targets/config.ts';
import { controlTargets } from './targets/control.ts';
import { kernelTargets } from './targets/kernel.ts';
import { machineTargets } from './targets/machine.ts';
import { networkTargets } from './targets/network.ts';
import { proxyTargets } from './targets/proxy.ts';
import { recordTargets } from './targets/records.ts';
import { scriptTargets } from './targets/scripts.ts';
import { supportTargets } from './targets/support.ts';
import { wireTargets } from './targets/wire.ts';

/** Every reader of what others wrote, and of what we wrote ourselves. */
export const targets: readonly FuzzTarget[] = [
  ...configTargets,
  ...recordTargets,
  ...scriptTargets,
  ...kernelTargets,
  ...networkTargets,
  ...agentTargets,
  ...proxyTargets,
  ...wireTargets,
  ...controlTargets,
  ...supportTargets,
  ...machineTargets,
  ...azureAnswerTargets,
  ...azureJobTargets,
];
