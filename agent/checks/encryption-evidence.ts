import { isThere, readableList, readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import type { CheckContext } from './check.ts';
import { BEK_MOUNTS, type CryptEntry, isOfAzure, parseCrypttab } from './encryption-crypttab.ts';
import { gatherStorage } from './storage-evidence.ts';
import { gatherWaagent } from './waagent.ts';

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
}

/** What Azure Disk Encryption leaves behind. */
export interface AdeSigns {
  /** Version of its extension. */
  readonly extension: string | undefined;
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
  const [devices, crypttab, ade] = await Promise.all([
    readCryptDevices(system),
    readableText(system, '/etc/crypttab'),
    readAde(system, context),
  ]);
  return { devices, crypttab: crypttab === undefined ? undefined : parseCrypttab(crypttab), ade };
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
  const extension = (await readableList(system, libDir)).flatMap((name) => EXTENSION.exec(name)?.[1] ?? []).at(-1);
  return {
    extension,
    configured,
    bek: mounted ? 'mounted' : attached.includes(true) ? 'attached' : undefined,
    mappings: (table ?? '').split('\n').flatMap((line) => line.trim().split(/\s+/)[0] || []),
  };
}

/** Whether Azure Disk Encryption opened it: by its own table, or by crypttab. */
export const isAdeDevice = ({ crypttab = [], ade }: Encryption, { mapping }: CryptDevice): boolean =>
  mapping === 'osencrypt' ||
  ade.mappings.includes(mapping) ||
  crypttab.some((entry) => entry.name === mapping && isOfAzure(entry));
