import { mapping } from './encrypted-machine.ts';
import { type Change, dataDisk, imdsAnswer } from './healthy-machine.ts';
import { type Fault, files, programs, running } from './planted-fault.ts';
import { type DeviceOptions, device, GIB, TIB } from './storage-machine.ts';

const CONTROLLER = 'LNXSYSTM:00/VMBUS:00/f8b3781a-1e82-4818-a1c3-63d806ec15bc/host1/target1:0:0';
/** `sdd`, `sde` … `sdaa` …: those after the three that every machine has. */
const diskName = (at: number): string => {
  const number = at + 3;
  return `sd${number < 26 ? '' : 'a'}${String.fromCharCode(97 + (number % 26))}`;
};

/** So many data disks in `/sys`, and in what the host tells. */
export const withDisks = (count: number, bytes = 64 * GIB): Change => {
  const more = Array.from({ length: count - 1 }, (_, at) =>
    device(diskName(at), { under: `${CONTROLLER}/1:0:0:${at + 2}`, bytes, number: `65:${at * 16}` }),
  );
  return {
    files: Object.assign({}, ...more),
    imds: imdsAnswer(
      {},
      Array.from({ length: count }, (_, lun) => dataDisk(lun)),
    ),
  };
};
/** Another device, beside those that every machine has. */
export const disk = (name: string, number: string, options: DeviceOptions = {}) =>
  device(name, { under: `${CONTROLLER}/1:0:0:9`, number, ...options });

const cluster = running('/usr/sbin/pacemakerd');
const KEYS = '  PR generation=0x2, 2 registered reservation keys follow:\n    0xabc\n';
const ARRAY = disk('md0', '9:0', {
  under: 'virtual',
  model: '',
  members: ['sdc'],
  more: { 'md/array_state': 'clean\n', 'md/degraded': '1\n' },
});

export const DISK_FAULTS: readonly Fault[] = [
  {
    name: '33 data disks',
    plant: withDisks(33),
    found: 'disk.count',
    verdict: 'fail',
    detail: /33 data disks; the limit is 32 .*and was 16/,
  },
  { name: '29 data disks', plant: withDisks(29), found: 'disk.count', verdict: 'warn', detail: /nearly too many/ },
  {
    name: 'a disk of 65 TiB',
    plant: withDisks(2, 65 * TIB),
    found: 'disk.size',
    verdict: 'fail',
    detail: /65\.0 TiB; the limit is 64/,
  },
  {
    name: '540 TiB in all',
    plant: withDisks(10, 60 * TIB),
    found: 'disk.total',
    verdict: 'fail',
    detail: /540\.\d TiB in all/,
  },
  {
    name: 'a disk that a cluster has reserved',
    plant: { ...cluster, ...programs({ sg_persist: { stdout: KEYS } }) },
    found: 'disk.shared',
    verdict: 'fail',
    detail: /reserved by several/,
  },
  {
    name: 'a cluster, and nobody tells of its disks',
    plant: cluster,
    found: 'disk.shared',
    verdict: 'warn',
    detail: /pacemakerd runs here/,
  },
  {
    name: 'a database on the temporary disk',
    plant: files({ '/mnt/mysql/ibdata1': '' }),
    found: 'disk.temp',
    verdict: 'warn',
    detail: /\/mnt holds mysql/,
  },
  {
    name: 'an Ultra Disk',
    plant: { imds: imdsAnswer({}, [dataDisk(0, { managedDisk: { id: 'x', storageAccountType: 'UltraSSD_LRS' } })]) },
    found: 'disk.ultra-pv2',
    verdict: 'info',
    detail: /UltraSSD_LRS \(LUN 0\)/,
  },
  {
    name: 'a Write Accelerator',
    plant: { imds: imdsAnswer({}, [dataDisk(0, { writeAcceleratorEnabled: 'true' })]) },
    found: 'disk.write-accel',
    verdict: 'info',
    detail: /LUN 0/,
  },
  {
    name: 'a disk in a storage account',
    plant: { imds: imdsAnswer({}, [dataDisk(0, { managedDisk: null })]) },
    found: 'disk.unmanaged',
    verdict: 'fail',
    detail: /LUN 0/,
  },
  {
    name: 'a ZFS pool',
    plant: files({ '/proc/spl/kstat/zfs/tank/state': 'ONLINE\n' }),
    found: 'vol.zfs',
    verdict: 'fail',
    detail: /tank/,
  },
  {
    name: 'an array without one of its disks',
    plant: files(ARRAY),
    found: 'vol.lvm-raid',
    verdict: 'warn',
    detail: /md0: degraded, 1/,
  },
];

const crypttab = (line: string): Change => files({ '/etc/crypttab': `${line}\n` });

export const ENCRYPTION_FAULTS: readonly Fault[] = [
  {
    name: 'a LUKS mapping',
    plant: files(mapping('secret', 'CRYPT-LUKS2-0f-secret', 'sdc')),
    found: 'enc.luks-custom',
    verdict: 'warn',
    detail: /secret \(LUKS2, opened not in crypttab/,
  },
  {
    name: 'crypttab by the order of disks',
    plant: crypttab('secret /dev/sdc2 none luks,noauto'),
    found: 'enc.crypttab',
    verdict: 'warn',
    detail: /secret on \/dev\/sdc2/,
  },
  {
    name: 'a key file that is gone',
    plant: crypttab('secret UUID=ab-cd /root/gone.key luks,noauto'),
    found: 'enc.crypttab',
    verdict: 'warn',
    detail: /\/root\/gone\.key/,
  },
  {
    name: 'a confidential machine',
    plant: { imds: imdsAnswer({ securityProfile: { securityType: 'ConfidentialVM' } }) },
    found: 'enc.cvm',
    verdict: 'warn',
    detail: /a confidential machine \(Standard_D2s_v5, westeurope\)/,
  },
  {
    name: 'Trusted Launch',
    plant: { imds: imdsAnswer({ securityProfile: { securityType: 'TrustedLaunch' } }) },
    found: 'enc.trusted-launch',
    verdict: 'info',
    detail: /cannot be used as a data disk/,
  },
  {
    name: 'encryption at the host',
    plant: { imds: imdsAnswer({ securityProfile: { encryptionAtHost: 'true' } }) },
    found: 'enc.host',
    verdict: 'info',
    detail: /the host encrypts/,
  },
  {
    name: 'Azure Disk Encryption, set up',
    plant: files({ '/var/lib/azure_disk_encryption_config/azure_crypt_params.ini': '' }),
    found: 'enc.ade',
    verdict: 'info',
    detail: /set up, and no disk/,
  },
];

const ADE = '/var/lib/waagent/Microsoft.Azure.Security.AzureDiskEncryptionForLinux-1.4.0.4';
/** A data disk that Azure Disk Encryption has opened. */
const BY_AZURE = {
  ...mapping('safe', 'CRYPT-LUKS2-0f-safe', 'sdc'),
  '/etc/crypttab': 'safe UUID=ab-cd /mnt/azure_bek_disk/LinuxPassPhraseFileName luks,discard\n',
};
const BY_EXTENSION = {
  [`${ADE}/HandlerManifest.json`]: '[]',
  [`${ADE}/config/3.settings`]: JSON.stringify({
    runtimeSettings: [
      { handlerSettings: { publicSettings: { KeyEncryptionKeyURL: 'https://v.vault.azure.net/keys/k/1' } } },
    ],
  }),
};
const KEY_VOLUME = { '/dev/disk/azure/BEK': '' };

export const ADE_FAULTS: readonly Fault[] = [
  {
    name: 'Azure Disk Encryption at work',
    plant: files({ ...BY_AZURE, ...BY_EXTENSION, ...KEY_VOLUME }),
    found: 'enc.ade',
    verdict: 'info',
    detail: /holds safe, its secret wrapped by a key of the vault: .*as a whole only/,
  },
  {
    name: 'a machine that was restored without its extension',
    plant: files({ ...BY_AZURE, ...KEY_VOLUME }),
    found: 'enc.ade',
    verdict: 'warn',
    detail: /its extension is not there, as after a restore/,
  },
  {
    name: 'no volume with the key',
    plant: files({ ...BY_AZURE, ...BY_EXTENSION }),
    found: 'enc.ade',
    verdict: 'warn',
    detail: /the next boot opens nothing/,
  },
  {
    name: 'a volume that was not opened',
    plant: crypttab('safe UUID=ab-cd none luks'),
    found: 'enc.locked',
    verdict: 'fail',
    detail: /at boot: safe/,
  },
  {
    name: 'a disk that nobody opens',
    plant: files({ ...disk('sdd', '8:48'), '/run/udev/data/b8:48': 'E:DEVTYPE=disk\nE:ID_FS_TYPE=crypto_LUKS\n' }),
    found: 'enc.locked',
    verdict: 'fail',
    detail: /nothing here is to open it: sdd/,
  },
];

export const DISK_ENOUGH: readonly (readonly [name: string, plant: Change])[] = [
  ['28 data disks, more than the 16 that older pages allowed', withDisks(28)],
  ['a disk of 64 TiB', withDisks(2, 64 * TIB)],
  ['512 TiB in all', withDisks(9, 63 * TIB)],
];
