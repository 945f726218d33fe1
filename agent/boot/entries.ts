import { readableList, readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { statOf } from './kernels.ts';

/** One way to start this machine, as the boot loader has it. */
export interface BootEntry {
  /** The file that it stands in. */
  readonly path: string;
  /** As `grubenv` names it: the file's name without its end, or the title. */
  readonly id: string;
  /** As this system names them; undefined where nothing is at the path that the loader names. */
  readonly kernel: string | undefined;
  readonly namedKernel: string;
  readonly initramfs: readonly { readonly named: string; readonly path: string | undefined }[];
  /** The kernel's command line. */
  readonly options: readonly string[];
}

/** What the boot loader offers, and which of it starts when nobody chooses. */
export interface BootEntries {
  readonly entries: readonly BootEntry[];
  /** Undefined where it cannot be told. */
  readonly byDefault: BootEntry | undefined;
}

/** More than any menu has: each is looked for in several places. */
const MOST = 100;
const BLS = ['/boot/loader/entries', '/efi/loader/entries', '/boot/efi/loader/entries'];
const GRUB_CONFIGS = ['/boot/grub2/grub.cfg', '/boot/grub/grub.cfg'];
const GRUB_ENVIRONMENTS = ['/boot/grub2/grubenv', '/boot/grub/grubenv'];

/** Entries by the Boot Loader Specification where there are any, else those of GRUB's configuration. */
export async function bootEntries(system: System): Promise<BootEntries> {
  const environment = parseGrubEnvironment((await firstText(system, GRUB_ENVIRONMENTS)) ?? '');
  const bls = await blsEntries(system, environment);
  const raw = bls.length > 0 ? bls : await grubEntries(system);
  const entries = await Promise.all(raw.slice(0, MOST).map((entry) => located(system, entry)));
  const saved = environment.get('saved_entry');
  const chosen = entries.find(({ id }) => id === saved);
  // BLS entries start with the newest, which is sorted first; GRUB with the first.
  return { entries, byDefault: chosen ?? entries[0] };
}

interface RawEntry {
  readonly path: string;
  readonly id: string;
  readonly linux: string;
  readonly initrd: readonly string[];
  readonly options: readonly string[];
}

async function blsEntries(system: System, environment: ReadonlyMap<string, string>): Promise<readonly RawEntry[]> {
  for (const folder of BLS) {
    const names = (await readableList(system, folder)).filter((name) => name.endsWith('.conf'));
    const read = names.map(async (name) => {
      const path = `${folder}/${name}`;
      const entry = parseBlsEntry((await readableText(system, path)) ?? '', environment);
      return entry === undefined || name.includes('-0-rescue') ? [] : [{ ...entry, path, id: name.slice(0, -5) }];
    });
    const found = (await Promise.all(read)).flat();
    if (found.length > 0) return found.sort((a, b) => byNumbers.compare(b.id, a.id));
  }
  return [];
}

const byNumbers = new Intl.Collator('en', { numeric: true });

/** Keys and values by blanks; several `options` and `initrd` add up. `$kernelopts` stands in GRUB's environment. */
export function parseBlsEntry(
  text: string,
  environment: ReadonlyMap<string, string>,
): Pick<RawEntry, 'linux' | 'initrd' | 'options'> | undefined {
  const lines = text.split('\n').map((line) => line.trim().split(/[ \t]+/));
  const values = (key: string) => lines.filter(([first]) => first === key).flatMap((words) => words.slice(1));
  const linux = values('linux')[0];
  if (linux === undefined) return undefined;
  const options = values('options').flatMap((word) => {
    const variable = /^\$\{?(\w+)\}?$/.exec(word)?.[1];
    return variable === undefined ? [word] : (environment.get(variable) ?? '').split(' ');
  });
  return {
    linux,
    initrd: values('initrd').filter((word) => !word.startsWith('$')),
    options: options.filter((word) => word !== ''),
  };
}

async function grubEntries(system: System): Promise<readonly RawEntry[]> {
  for (const path of GRUB_CONFIGS) {
    const text = await readableText(system, path);
    const entries = parseGrubConfig(text ?? '');
    if (entries.length > 0) return entries.map((entry) => ({ ...entry, path }));
  }
  return [];
}

/**
 * What `grub-mkconfig` writes: a `linux` line, and the `initrd` that follows it. Conditions are not evaluated. What starts
 * no system, such as a test of memory, is left out: it has neither an initrd nor a root.
 */
export function parseGrubConfig(text: string): readonly Omit<RawEntry, 'path'>[] {
  const entries: { id: string; linux: string; initrd: string[]; options: string[] }[] = [];
  let title = '';
  for (const line of text.split('\n')) {
    const [word = '', ...words] = line.trim().split(/[ \t]+/);
    if (word === 'menuentry') title = /(["'])(.*?)\1/.exec(line)?.[2] ?? '';
    if (/^linux(16|efi)?$/.test(word) && words[0] !== undefined) {
      const options = words.slice(1).filter((each) => !each.startsWith('$'));
      entries.push({ id: title, linux: withoutDevice(words[0]), initrd: [], options });
    }
    if (/^initrd(16|efi)?$/.test(word)) entries.at(-1)?.initrd.push(...words.map(withoutDevice));
  }
  return entries.filter(({ initrd, options }) => initrd.length > 0 || options.some((word) => word.startsWith('root=')));
}

/** `(hd0,gpt2)/vmlinuz`, `($root)/vmlinuz`, `/@/boot/vmlinuz` of a btrfs subvolume. */
const withoutDevice = (path: string): string => path.replace(/^\([^)]*\)/, '').replace(/^\/@[^/]*(?=\/)/, '');

/** `name=value` lines behind a comment, filled up with `#`. */
export const parseGrubEnvironment = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text.split('\n').flatMap((line) => {
      const at = line.indexOf('=');
      return at <= 0 || line.startsWith('#') ? [] : [[line.slice(0, at), line.slice(at + 1)]];
    }),
  );

/** The loader's paths begin where its partition does: often that is /boot. */
async function located(system: System, { linux, initrd, ...rest }: RawEntry): Promise<BootEntry> {
  const find = async (named: string) => {
    for (const path of [`/boot${named}`, named, `/boot/efi${named}`, `/efi${named}`]) {
      if ((await statOf(system, path))?.kind === 'file') return path;
    }
    return undefined;
  };
  const images = initrd.map(async (named) => ({ named, path: await find(named) }));
  return { ...rest, namedKernel: linux, kernel: await find(linux), initramfs: await Promise.all(images) };
}

async function firstText(system: System, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const text = await readableText(system, path);
    if (text !== undefined) return text;
  }
  return undefined;
}
