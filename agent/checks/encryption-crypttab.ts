import { linesOf } from './network-configs.ts';

/** A line of crypttab(5). */
export interface CryptEntry {
  readonly name: string;
  /** A path, `UUID=…`, `LABEL=…`. */
  readonly device: string;
  /** Undefined where a passphrase is asked for. */
  readonly key: string | undefined;
  readonly options: readonly string[];
}

/** Lines without a device say nothing, to the system too. */
export const parseCrypttab = (text: string): readonly CryptEntry[] =>
  linesOf(text).flatMap((line) => {
    const [name = '', device, key, options] = line.split(/\s+/);
    if (device === undefined) return [];
    const isNone = key === undefined || key === 'none' || key === '-';
    return [{ name, device, key: isNone ? undefined : key, options: options?.split(',') ?? [] }];
  });

/** Kept for one boot only, swap as a rule: there is nothing to be restored, and whatever is there is overwritten. */
export const isMadeAnew = ({ key, options }: CryptEntry): boolean =>
  /^\/dev\/u?random$/.test(key ?? '') || options.some((option) => /^(swap|tmp)(=|$)/.test(option));

/** The volume on which Azure keeps the key while the machine runs: VMEncryption/main of azure-linux-extensions. */
export const BEK_MOUNTS: readonly string[] = ['/mnt/azure_bek_disk', '/azure_bek_disk'];

/** Whether Azure Disk Encryption wrote it. */
export const isOfAzure = ({ name, key = '', options }: CryptEntry): boolean =>
  name === 'osencrypt' ||
  key.includes('LinuxPassPhraseFileName') ||
  BEK_MOUNTS.some((folder) => key.startsWith(`${folder}/`)) ||
  options.some((option) => option.endsWith('/azure_crypt_key.sh'));

/** A path to a key on this machine; other forms name a device of its own, a socket, or what a script makes of it. */
export const keyFileOf = (entry: CryptEntry): string | undefined =>
  entry.key?.startsWith('/') === true &&
  !entry.key.startsWith('/dev/') &&
  !entry.key.includes(':') &&
  !entry.options.some((option) => option.startsWith('keyscript='))
    ? entry.key
    : undefined;

/** How the disk is opened at boot, in a few words. */
export function openedBy(entry: CryptEntry | undefined): string {
  if (entry === undefined) return 'not in crypttab';
  const option = (name: string) => entry.options.some((one) => one.startsWith(`${name}=`));
  if (option('tpm2-device')) return "by this machine's TPM, which a restored machine does not have";
  if (option('keyscript')) return 'by a key script';
  return entry.key === undefined ? 'by a passphrase, asked for at every boot' : `by ${entry.key}`;
}
