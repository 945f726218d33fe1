import type { FuzzTarget } from './target.ts';
import { agentTargets } from './targets/agent.ts';
import { azureAnswerTargets } from './targets/azure-answers.ts';
import { azureJobTargets } from './targets/azure-jobs.ts';
import { bootTargets } from './targets/boot.ts';
import { configTargets } from './targets/config.ts';
import { controlTargets } from './targets/control.ts';
import { kernelTargets } from './targets/kernel.ts';
import { machineTargets } from './targets/machine.ts';
import { networkTargets } from './targets/network.ts';
import { proxyTargets } from './targets/proxy.ts';
import { quiescerTargets } from './targets/quiescers.ts';
import { reachTargets } from './targets/reach.ts';
import { recordTargets } from './targets/records.ts';
import { scriptTargets } from './targets/scripts.ts';
import { supportTargets } from './targets/support.ts';
import { windowsTargets } from './targets/windows.ts';
import { wireTargets } from './targets/wire.ts';

/** Every reader of what others wrote, and of what we wrote ourselves. */
export const targets: readonly FuzzTarget[] = [
  ...configTargets,
  ...recordTargets,
  ...scriptTargets,
  ...kernelTargets,
  ...bootTargets,
  ...networkTargets,
  ...agentTargets,
  ...proxyTargets,
  ...reachTargets,
  ...wireTargets,
  ...controlTargets,
  ...supportTargets,
  ...machineTargets,
  ...quiescerTargets,
  ...azureAnswerTargets,
  ...azureJobTargets,
  ...windowsTargets,
];
