import { isThere } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import type { WindowsVolume } from '../system/windows-volumes.ts';
import { type Check, fail, info, pass, type Result, skip } from './check.ts';
import { SOURCES } from './limits.ts';
import { systemDrive } from './windows-agent.ts';
import { gatherWindowsVolumes, NO_VOLUMES, volumeName, volumeNames } from './windows-volumes.ts';

export const noLockedVolume: Check = {
  id: 'enc.bitlocker',
  group: 'encryption',
  title: 'BitLocker keeps no volume closed',
  platforms: ['windows'],
  source: SOURCES.troubleshoot,
  async run(_system, { evidence }) {
    return judgeLocked(await evidence(gatherWindowsVolumes));
  },
};

export function judgeLocked(volumes: readonly WindowsVolume[]): Result {
  if (volumes.length === 0) return skip(NO_VOLUMES);
  const locked = volumes.filter(({ locked: isLocked }) => isLocked);
  if (locked.length === 0) return pass('none is locked');
  return fail(
    `${volumeNames(locked)} is locked by BitLocker: the backup extension fails on it (ExtensionSnapshotBitlockerError)`,
    `Unlock it, and let it be opened by itself at each start:\n${locked.map((volume) => `$ manage-bde -unlock ${volumeName(volume)} -RecoveryPassword KEY\n$ manage-bde -autounlock -enable ${volumeName(volume)}`).join('\n')}`,
  );
}

const EXTENSION = 'Packages\\Plugins\\Microsoft.Azure.Security.AzureDiskEncryption';
/** The volume that the host hands the keys over on. */
const KEY_VOLUME = /^BEK VOLUME$/i;

/** Part of `enc.ade`: by its extension, or by the volume with the keys. */
export async function judgeWindowsAde(system: System, volumes: readonly WindowsVolume[]): Promise<Result> {
  const extension = await isThere(system, `${systemDrive(system)}\\${EXTENSION}`);
  const keys = volumes.some(({ label }) => KEY_VOLUME.test(label ?? ''));
  if (!extension && !keys) return pass('not in use');
  return info(
    'Azure Disk Encryption is in use: the machine is restored as a whole, within the subscription of the vault, and no single files',
    'See that Azure Backup may read the keys: the access policy of the key vault, or its role.',
  );
}
