import type { Check } from './check.ts';
import { backupsDoNotMeet } from './other-agents.ts';
import { noVaultCredentials } from './other-credentials.ts';
import { nobodyElseFreezes } from './other-freezers.ts';
import { agentIsPackaged, nothingIsUpdated } from './other-packages.ts';
import { noDomainController, oneAdapter } from './restore-facts.ts';

/** Other software on this machine that a backup, or a restore, has to live with. */
export const otherChecks: readonly Check[] = [
  agentIsPackaged,
  nothingIsUpdated,
  oneAdapter,
  noDomainController,
  backupsDoNotMeet,
  noVaultCredentials,
  nobodyElseFreezes,
];
