import { onAzure } from './azure.ts';
import { type Check, info, pass, type Result, warn } from './check.ts';
import { isMadeAnew, openedBy } from './encryption-crypttab.ts';
import { type CryptDevice, type Encryption, gatherEncryption, isAdeDevice } from './encryption-evidence.ts';
import { DISK_ENCRYPTION, OWN_ENCRYPTION } from './limits.ts';
import { listed } from './storage-evidence.ts';
import { judgeWindowsAde } from './windows-encryption.ts';
import { gatherWindowsVolumes } from './windows-volumes.ts';

/** Supported, and it narrows what may be restored. */
export const azureDiskEncryption: Check = {
  id: 'enc.ade',
  group: 'encryption',
  title: 'Azure Disk Encryption narrows no restore',
  source: DISK_ENCRYPTION.source,
  async run(system, { evidence }) {
    if (system.platform === 'windows') return judgeWindowsAde(system, await evidence(gatherWindowsVolumes));
    return judgeAde(await evidence(gatherEncryption));
  },
};

export function judgeAde(encryption: Encryption): Result {
  const { extension, configured, bek, wrapped } = encryption.ade;
  const devices = encryption.devices.filter((device) => isAdeDevice(encryption, device));
  if (devices.length === 0 && extension === undefined && !configured && bek === undefined) return pass('not in use');
  if (devices.length === 0)
    return info('Azure Disk Encryption is set up, and no disk is encrypted by it', access(wrapped));
  const held = `Azure Disk Encryption holds ${listed(devices.map(({ mapping }) => mapping))}`;
  const missing = [
    ...(bek === undefined ? ['the volume with its key is not there, so that the next boot opens nothing'] : []),
    ...(extension === undefined ? ['its extension is not there, as after a restore'] : []),
  ];
  if (missing.length > 0) return warn(`${held}, but ${missing.join('; and ')}`, `${REINSTALL}\n${access(wrapped)}`);
  const { now, earlier } = DISK_ENCRYPTION;
  const key =
    wrapped === undefined
      ? ''
      : wrapped
        ? ', its secret wrapped by a key of the vault'
        : ', without a key of the vault';
  return info(
    `${held}${key}: supported, but restored as a whole only, no single files, not in place of the old machine, and ${now.restores} (read ${now.readOn}; ${earlier.restores} in ${earlier.readOn})`,
    `${access(wrapped)}\nAfter a restore: restore the disks and build the machine from them. ${REINSTALL}`,
  );
}

/** Without a key-encryption key there is nothing but the secret to be read. */
const access = (wrapped: boolean | undefined): string =>
  [
    `Azure Backup must be able to read ${wrapped === false ? 'the secret' : 'key and secret'} in the vault, and needs no more; no key may be part of a certificate:`,
    `$ az keyvault set-policy --name VAULT --spn ${DISK_ENCRYPTION.backupService} --secret-permissions get list${wrapped === false ? '' : ' --key-permissions get list backup'}`,
  ].join('\n');

const REINSTALL = [
  'Put the extension on the restored machine again, so that its data disks open and mount:',
  '$ az vm encryption enable --resource-group GROUP --name NAME --disk-encryption-keyvault VAULT --volume-type DATA',
].join('\n');

/** What Azure does not manage it can neither open nor open again. */
export const noOwnEncryption: Check = {
  id: 'enc.luks-custom',
  group: 'encryption',
  title: 'No disk is encrypted behind the back of Azure',
  platforms: ['linux'],
  source: OWN_ENCRYPTION.source,
  async run(_system, { facts, evidence }) {
    return judgeOwnEncryption(await evidence(gatherEncryption), onAzure(facts));
  },
};

export function judgeOwnEncryption(encryption: Encryption, isOnAzure: boolean): Result {
  const own = encryption.devices.filter((device) => !isAdeDevice(encryption, device));
  const lasting = own.filter((device) => !isKeptForOneBoot(encryption, device));
  if (lasting.length === 0) return pass(own.length === 0 ? 'none' : 'swap only, with a new key at each boot');
  const told = lasting.map(
    (device) => `${device.mapping} (${device.format}, opened ${openedBy(entryOf(encryption, device))})`,
  );
  const detail = `${listed(told)}: backups hold it encrypted, and a restored machine opens it only where its key is`;
  if (!isOnAzure) return info(detail, RECOVERY);
  const { earlier, now } = OWN_ENCRYPTION;
  return warn(`${detail}. Azure Backup: "${earlier.said}" (${earlier.readOn}), ${now.said} (${now.readOn})`, RECOVERY);
}

const RECOVERY =
  'Keep the header and a passphrase outside of this machine, and rehearse a restore before you rely on one:\n$ cryptsetup luksHeaderBackup /dev/DISK --header-backup-file /SAFE/PLACE/DISK.luks\n$ cryptsetup luksDump /dev/DISK';

const entryOf = ({ crypttab = [] }: Encryption, { mapping }: CryptDevice) =>
  crypttab.find(({ name }) => name === mapping);

const isKeptForOneBoot = (encryption: Encryption, device: CryptDevice): boolean => {
  const entry = entryOf(encryption, device);
  return entry !== undefined && isMadeAnew(entry);
};
