import { azureBackup } from './azure/backup.ts';
import type { Integration } from './integration.ts';
import { qemuGuestAgent } from './qemu/guest-agent.ts';

/** Every integration, in the order of the help. */
export const integrations: readonly Integration[] = [qemuGuestAgent, azureBackup];
