import { boundedly, FILES_AT_ONCE } from '../system/bounded.ts';
import { isThere, readableList, readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { gatherBlockDevices } from './block-devices.ts';
import type { CheckContext } from './check.ts';
import { BEK_MOUNTS, type CryptEntry, isOfAzure, parseCrypttab } from './encryption-crypttab.ts';
import { gatherStorage } from './storage-evidence.ts';
import { gatherWaagent } from './waagent.ts';
import { compareVersions } from './waagent-version.ts';

/** A mapping that the kernel encrypts. */
export interface CryptDevice {
  /** `dm-0`. */
  readonly name: string;
  /** Below /dev/mapper. */
  readonly mapping: string;
  /** `LUKS1`, `LUKS2`, `PLAIN`, `BITLK` … */
  readonly format: string;
}

/** Encryption as it is found on this machine: evidence that several checks judge. */
export interface Encryption {
  readonly devices: readonly CryptDevice[];
  /** Undefined when there is no such file, or we may not read it. */
  readonly crypttab: readonly CryptEntry[] | undefined;
  readonly ade: AdeSigns;
  /** Names of disks and partitions that hold encrypted data and that nothing on this machine has opened. */
  readonly closed: readonly string[];
}

/** What Azure Disk Encryption leaves behind. */
export interface AdeSigns {
  /** Version of its extension; undefined also where a restore has left it behind. */
  readonly extension: string | undefined;
  /** Whether a key of the vault wraps the secret; undefined where the settings do not say. */
  readonly wrapped: boolean | undefined;
  readonly configured: boolean;
  /** The volume with the key. */
  readonly bek: 'mounted' | 'attached' | undefined;
  /** Names of mappings that it keeps in a table of its own, as older versions do. */
  readonly mappings: readonly string[];
}

const CONFIG = '/var/lib/azure_disk_encryption_config';
const EXTENSION = /^Microsoft\.Azure\.Security\.AzureDiskEncryptionForLinux-(\d[\d.]*)$/;
/** By its label, and by the links of Azure's udev rules and of cloud-init's. */
const BEK_DEVICES = ['/dev/disk/by-label/BEK\\x20VOLUME', '/dev/disk/azure/BEK', '/dev/disk/cloud/azure_bek'];

/** Gathers once per run: `context.evidence(gatherEncryption)`. Reads sysfs and files, never a device. */
export async function gatherEncryption(system: System, context: CheckContext): Promise<Encryption> {
  const [devices, crypttab, ade, closed] = await Promise.all([
    readCryptDevices(system),
    readableText(system, '/etc/crypttab'),
    readAde(system, context),
    readClosed(system, context),
  ]);
  return { devices, crypttab: crypttab === undefined ? undefined : parseCrypttab(crypttab), ade, closed };
}

async function readCryptDevices(system: System): Promise<readonly CryptDevice[]> {
  const names = (await readableList(system, '/sys/class/block')).filter((name) => /^dm-\d+$/.test(name));
  const devices = await Promise.all(
    names.map(async (name) => {
      const read = async (file: string) => (await readableText(system, `/sys/class/block/${name}/dm/${file}`))?.trim();
      const format = formatOf((await read('uuid')) ?? '');
      return format === undefined ? [] : [{ name, mapping: (await read('name')) ?? name, format }];
    }),
  );
  return devices.flat();
}

/** What udev saw on each device when it came: its database is files, so no device is opened for it. */
async function readClosed(system: System, { evidence }: CheckContext): Promise<readonly string[]> {
  const devices = await evidence(gatherBlockDevices);
  const inUse = new Set([...devices.values()].flatMap(({ madeOf }) => madeOf));
  const alone = [...devices.values()].filter(({ name }) => !inUse.has(name));
  const closed = await boundedly(FILES_AT_ONCE, alone, async ({ name, number }) => {
    const seen = number === '' ? undefined : await readableText(system, `/run/udev/data/b${number}`);
    return holdsEncrypted(seen ?? '') ? [name] : [];
  });
  return closed.flat();
}

/** udev(7) keeps what blkid(8) found as `E:ID_FS_TYPE=…`. */
export const holdsEncrypted = (udev: string): boolean => /^E:ID_FS_TYPE=(crypto_LUKS|BitLocker)$/m.test(udev);

/** `CRYPT-LUKS2-…`, as libcryptsetup names it. Verity and integrity only compare, and hide nothing. */
export const formatOf = (uuid: string): string | undefined =>
  /^CRYPT-(?!VERITY|INTEGRITY|TEMP)([A-Z0-9]+)(-|$)/.exec(uuid)?.[1];

async function readAde(system: System, { evidence }: CheckContext): Promise<AdeSigns> {
  const [{ libDir }, { mounts }, configured, table, attached] = await Promise.all([
    evidence(gatherWaagent),
    evidence(gatherStorage),
    isThere(system, CONFIG),
    readableText(system, `${CONFIG}/azure_crypt_mount`),
    Promise.all(BEK_DEVICES.map((path) => isThere(system, path))),
  ]);
  const mounted = mounts.some(({ mountPoint }) => BEK_MOUNTS.includes(mountPoint));
  const folder = (await readableList(system, libDir))
    .filter((name) => EXTENSION.test(name))
    .toSorted((a, b) => compareVersions(versionOf(a), versionOf(b)))
    .at(-1);
  return {
    extension: folder === undefined ? undefined : versionOf(folder),
    wrapped: folder === undefined ? undefined : await readWrapped(system, `${libDir}/${folder}/config`),
    configured,
    bek: mounted ? 'mounted' : attached.includes(true) ? 'attached' : undefined,
    mappings: (table ?? '').split('\n').flatMap((line) => line.trim().split(/\s+/)[0] || []),
  };
}

const versionOf = (folder: string): string => EXTENSION.exec(folder)?.[1] ?? '';

/** By the last settings that the extension was given: `7.settings`. */
async function readWrapped(system: System, folder: string): Promise<boolean | undefined> {
  const numbers = (await readableList(system, folder)).flatMap((name) => /^(\d+)\.settings$/.exec(name)?.[1] ?? []);
  if (numbers.length === 0) return undefined;
  const last = Math.max(...numbers.map(Number));
  return wrappedBySettings((await readableText(system, `${folder}/${last}.settings`)) ?? '');
}

/**
 * Whether the public settings of the extension name a key-encryption key (VMEncryption/main/Common.py of
 * azure-linux-extensions); undefined for anything else than settings.
 */
export function wrappedBySettings(text: string): boolean | undefined {
  try {
    const { publicSettings } = JSON.parse(text).runtimeSettings[0].handlerSettings;
    const url: unknown = publicSettings.KeyEncryptionKeyURL;
    return typeof url === 'string' && url.trim() !== '';
  } catch {
    return undefined;
  }
}

/** Whether Azure Disk Encryption opened it: by its own table, or by crypttab. */
export const isAdeDevice = ({ crypttab = [], ade }: Encryption, { mapping }: CryptDevice): boolean =>
  mapping === 'osencrypt' ||
  ade.mappings.includes(mapping) ||
  crypttab.some((entry) => entry.name === mapping && isOfAzure(entry));
