import type { Check } from './check.ts';
import { azureDiskEncryption, noOwnEncryption } from './encryption-devices.ts';
import { crypttabLasts } from './encryption-keys.ts';
import { nothingIsLocked } from './encryption-locked.ts';
import { encryptionAtHost, notConfidential, trustedLaunch } from './encryption-profile.ts';

/** Everything about encrypted disks. */
export const encryptionChecks: readonly Check[] = [
  azureDiskEncryption,
  noOwnEncryption,
  nothingIsLocked,
  crypttabLasts,
  notConfidential,
  trustedLaunch,
  encryptionAtHost,
];
