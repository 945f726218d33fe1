import { isThere, readableList, readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { ANY_ETHERNET, netplanUnpinned } from './netplan-pins.ts';

/** A line that ties the network to the hardware address of one adapter; a restored machine has another. */
export interface Pin {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/**
 * What the lines of a file become when nothing in them names an address: `undefined` takes the line out.
 *
 * @param others the texts of the other files of its kind.
 */
export type Unpin = (
  lines: readonly string[],
  fileName: string,
  others: readonly string[],
) => readonly (string | undefined)[];

interface Place {
  readonly folder: string;
  readonly file: RegExp;
  readonly unpin: Unpin;
}

const each =
  (change: (line: string) => string | undefined): Unpin =>
  (lines) =>
    lines.map(change);

const without = (pinned: RegExp): Unpin => each((line) => (pinned.test(line) ? undefined : line));

/** udev's own form of such a rule, which distributions before systemd's names wrote by themselves. */
const persistentRule = without(/^[^#]*\bATTRS?\{address\}==.*\bNAME="/);

/** Of Red Hat's and SUSE's scripts. Without DEVICE they would find no adapter any more. */
const ifcfg: Unpin = (lines, fileName) => {
  const named = lines.some((line) => /^\s*DEVICE=/.test(line));
  const device = `DEVICE=${fileName.replace(/^ifcfg-/, '')}`;
  let isFirst = true;
  return lines.map((line) => {
    if (!/^\s*(HWADDR|MACADDR|LLADDR)=["']?[0-9a-f]/i.test(line)) return line;
    const inPlace = !named && isFirst ? device : undefined;
    isFirst = false;
    return inPlace;
  });
};

/** One of a keyfile's [ethernet] matches every cable when no address is named. */
const keyfile = inSections(
  ['ethernet', '802-3-ethernet'],
  /^\s*(cloned-)?mac-address=\s*[0-9a-f]{2}:/i,
  () => undefined,
);

/** systemd.network(5): a section that matches nothing by name has to match something. */
const networkd: Unpin = (lines, fileName) => {
  const isMac = /^\s*(Permanent)?MACAddress=\s*[0-9a-f]/i;
  const named = lines.some((line) => /^\s*(Name|Type|Driver)=/.test(line));
  const any = `Name=${ANY_ETHERNET}`;
  const unpin = inSections(['Match', 'Link'], isMac, (section) => (section === 'Match' && !named ? any : undefined));
  return unpin(lines, fileName, []);
};

function inSections(
  sections: readonly string[],
  pinned: RegExp,
  become: (section: string) => string | undefined,
): Unpin {
  return (lines) => {
    let section = '';
    return lines.map((line) => {
      section = /^\s*\[([^\]]*)\]/.exec(line)?.[1] ?? section;
      return sections.includes(section) && pinned.test(line) ? become(section) : line;
    });
  };
}

/** `hwaddress` of interfaces(5) gives the adapter another address, and Azure lets nothing pass from such a one. */
const interfaces = without(/^\s+hwaddress\s+(ether\s+)?[0-9a-f]{2}:/i);

const PLACES: readonly Place[] = [
  { folder: '/etc/udev/rules.d', file: /persistent-net.*\.rules$/, unpin: persistentRule },
  { folder: '/etc/sysconfig/network-scripts', file: /^ifcfg-[\w.:-]+$/, unpin: ifcfg },
  { folder: '/etc/sysconfig/network', file: /^ifcfg-[\w.:-]+$/, unpin: ifcfg },
  { folder: '/etc/NetworkManager/system-connections', file: /^[^.]/, unpin: keyfile },
  { folder: '/etc/systemd/network', file: /\.network$/, unpin: networkd },
  { folder: '/etc/network', file: /^interfaces$/, unpin: interfaces },
  { folder: '/etc/network/interfaces.d', file: /^[\w.-]+$/, unpin: interfaces },
  { folder: '/etc/netplan', file: /\.yaml$/, unpin: netplanUnpinned },
];
/** Copies that editors and package managers leave behind. */
const LEFT_OVER = /(~|\.(bak|orig|old|save|dpkg-\w+|rpm\w+))$/;

/** A file with pins, and what it would be without. */
export interface PinnedFile {
  readonly pins: readonly Pin[];
  readonly path: string;
  /** A character for each byte. */
  readonly unpinned: string;
}

/** Every file that ties the network to an address, but those that cloud-init writes anew on a new machine. */
export async function pinnedFiles(system: System): Promise<readonly PinnedFile[]> {
  const renewed = await cloudInitRenews(system);
  const found: PinnedFile[] = [];
  for (const { folder, file, unpin } of PLACES) {
    const texts = await textsIn(system, folder, file);
    for (const [name, text] of texts) {
      if (renewed && name.includes('cloud-init')) continue;
      const path = `${folder}/${name}`;
      const others = [...texts].flatMap(([other, its]) => (other === name ? [] : [its]));
      const { pins, unpinned } = unpinnedText(text, unpin, name, others);
      if (pins.length > 0) found.push({ path, unpinned, pins: pins.map((pin) => ({ ...pin, path })) });
    }
  }
  return found;
}

/** A character for each byte, by the names of the files. */
async function textsIn(system: System, folder: string, file: RegExp): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  for (const name of await readableList(system, folder)) {
    if (!file.test(name) || LEFT_OVER.test(name)) continue;
    const text = await system.readText(`${folder}/${name}`, 'latin1').catch(() => undefined);
    if (text !== undefined) texts.set(name, text);
  }
  return texts;
}

/** Everything but the lines concerned stays as it is, byte for byte. */
export function unpinnedText(
  text: string,
  unpin: Unpin,
  fileName: string,
  others: readonly string[] = [],
): { readonly pins: readonly Omit<Pin, 'path'>[]; readonly unpinned: string } {
  const lines = text.split('\n');
  const after = unpin(lines, fileName, others);
  const pins = lines.flatMap((line, at) => (after[at] === line ? [] : [{ line: at + 1, text: line.trim() }]));
  return { pins, unpinned: after.filter((line) => line !== undefined).join('\n') };
}

/** It knows a new machine by its id, and then writes the network's files again, unless somebody has told it not to. */
export async function cloudInitRenews(system: System): Promise<boolean> {
  if (!(await isThere(system, '/etc/cloud/cloud.cfg'))) return false;
  if (await isThere(system, '/etc/cloud/cloud-init.disabled')) return false;
  const names = await readableList(system, '/etc/cloud/cloud.cfg.d');
  const texts = await Promise.all(
    ['/etc/cloud/cloud.cfg', ...names.map((name) => `/etc/cloud/cloud.cfg.d/${name}`)]
      .filter((path) => path.endsWith('.cfg'))
      .map((path) => readableText(system, path)),
  );
  return !texts.some((text) => /^network:\s*(\{\s*config:\s*disabled\s*\}|\n\s+config:\s*disabled)/m.test(text ?? ''));
}
