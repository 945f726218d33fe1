import type { Check } from './check.ts';
import { azureDiskEncryption, noOwnEncryption } from './encryption-devices.ts';
import { crypttabLasts } from './encryption-keys.ts';
import { nothingIsLocked } from './encryption-locked.ts';
import { encryptionAtHost, notConfidential, trustedLaunch } from './encryption-profile.ts';
import { noLockedVolume } from './windows-encryption.ts';

/** Everything about encrypted disks. */
export const encryptionChecks: readonly Check[] = [
  azureDiskEncryption,
  noOwnEncryption,
  nothingIsLocked,
  noLockedVolume,
  crypttabLasts,
  notConfidential,
  trustedLaunch,
  encryptionAtHost,
];
