import type { Check } from './check.ts';
import { certificatesAreValid } from './vm-agent-certs.ts';
import { autoUpdateIsOn, confIsClean, extensionsAreEnabled } from './vm-agent-conf.ts';
import { extensionIsWell } from './vm-agent-extension.ts';
import { agentInstalled, agentIsAlive, agentRuns } from './vm-agent-life.ts';
import { noOtherBackup, noVirusScanner } from './vm-agent-neighbours.ts';
import { quotaIsEnough } from './vm-agent-quota.ts';
import { opensslIsThere, pythonWorks, versionIsSupported, windowsVersionIsSupported } from './vm-agent-runtime.ts';
import { dotNetIsNewEnough, installersCanWork } from './windows-runtime.ts';

/** Everything about Azure's agent and the backup extension that it runs. */
export const vmAgentChecks: readonly Check[] = [
  agentInstalled,
  agentRuns,
  agentIsAlive,
  versionIsSupported,
  windowsVersionIsSupported,
  extensionsAreEnabled,
  autoUpdateIsOn,
  confIsClean,
  pythonWorks,
  opensslIsThere,
  dotNetIsNewEnough,
  installersCanWork,
  certificatesAreValid,
  extensionIsWell,
  quotaIsEnough,
  noVirusScanner,
  noOtherBackup,
];
