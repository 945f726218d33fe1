import { appChecks } from './apps.ts';
import type { Check } from './check.ts';
import { encryptionChecks } from './encryption.ts';
import { networkChecks } from './network.ts';
import { osChecks } from './os.ts';
import { otherChecks } from './other.ts';
import { restoreChecks } from './restore.ts';
import { storageChecks } from './storage.ts';
import { vmAgentChecks } from './vm-agent.ts';
import { windowsChecks } from './windows.ts';

/** Every check there is, in the order in which a report shows them. */
export const allChecks: readonly Check[] = [
  ...osChecks,
  ...vmAgentChecks,
  ...networkChecks,
  ...storageChecks,
  ...encryptionChecks,
  ...appChecks,
  ...windowsChecks,
  ...restoreChecks,
  ...otherChecks,
];
