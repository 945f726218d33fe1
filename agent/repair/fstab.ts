import { basename } from 'node:path';
import { isByDisk, isByOrder } from '../boot/device-names.ts';
import { type FstabEntry, isData, mayBeMissing, parseFstab } from '../boot/fstab.ts';
import { UserError } from '../errors.ts';
import type { FileChange } from '../system/changes.ts';
import { PATHS } from '../system/paths.ts';
import { readableLink, readableList } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import type { Note } from '../system/transaction.ts';
import { NOTHING, type Repair } from './repair.ts';

const FSTAB = '/etc/fstab';

/** Names by UUID, and `nofail` where a disk may be missing. Each line keeps its place, its blanks and its comment. */
export const fstab: Repair = {
  id: 'boot.fstab',
  check: 'boot.fstab',
  title: 'Name disks by UUID in fstab, and let data disks be missing',
  platforms: ['linux'],
  risk: 'A boot waits 30 seconds for a data disk, then goes on without it: what needs it must be able to fail.',
  safe: true,

  async plan(system) {
    const text = await system.readText(FSTAB, 'latin1');
    if (text === undefined) return NOTHING;
    const uuids = await uuidsByDevice(system);
    const { mended, unknown } = mendedFstab(text, uuids);
    const notes: readonly Note[] = unknown.map(({ device, mountPoint }) => ({
      message: `${FSTAB}: ${device} for ${mountPoint} has no UUID that could be found now`,
      remedy: `Attach the disk and repair again, or take the line out of ${FSTAB}.`,
    }));
    const changes: FileChange[] =
      mended === text ? [] : [{ do: 'write', path: FSTAB, text: mended, mode: 0o644, encoding: 'latin1' }];
    return { changes, runs: [], notes };
  },

  async verify(system, changes) {
    const after = changes.find(({ path }) => path === FSTAB);
    if (after?.do !== 'write') return;
    const before = (await system.readText(FSTAB, 'latin1')) ?? '';
    const [were, are] = [await faultsIn(system, before), await faultsIn(system, after.text)];
    if (were === undefined || are === undefined || are <= were) return;
    throw new UserError('repair.invalid', `findmnt finds ${are - were} more errors in ${FSTAB} as it would be`, {
      remedy: 'Nothing was changed. See the change: quiesced repair boot.fstab --dry-run',
    });
  },
};

/** The whole text with what is wrong in it mended; a pure function. Devices without a known UUID are left as they are. */
export function mendedFstab(
  text: string,
  uuids: ReadonlyMap<string, string>,
): { readonly mended: string; readonly unknown: readonly FstabEntry[] } {
  const entries = parseFstab(text.replaceAll('\r\n', '\n'));
  const unknown: FstabEntry[] = [];
  const lines = text.split('\n').map((whole) => {
    // What edits on Windows leave is no part of the last word.
    const end = whole.endsWith('\r') ? '\r' : '';
    const line = whole.slice(0, whole.length - end.length);
    const [entry] = parseFstab(line);
    if (entry === undefined) return whole;
    const unstable = isByOrder(entry) || isByDisk(entry);
    const uuid = unstable ? uuids.get(entry.device) : undefined;
    if (unstable && uuid === undefined) unknown.push(entry);
    const named = uuid === undefined ? line : withField(line, 0, () => `UUID=${uuid}`);
    return `${isData(entry, entries) && !mayBeMissing(entry) ? withOptions(named, missable(entry)) : named}${end}`;
  });
  return { mended: lines.join('\n'), unknown };
}

const WORD = /[^ \t]+/g;

/**
 * `nofail` alone would also let services start before the disk is mounted, and a database then makes a new, empty
 * store in the folder beneath: the order is given anew, and the wait for a disk that is gone has an end (systemd.mount(5)).
 */
function missable({ options }: FstabEntry): readonly string[] {
  const target = options.includes('_netdev') ? 'remote-fs.target' : 'local-fs.target';
  const wait = options.some((option) => option.startsWith('x-systemd.device-timeout='));
  return ['nofail', `x-systemd.before=${target}`, ...(wait ? [] : ['x-systemd.device-timeout=30s'])];
}

const withOptions = (line: string, added: readonly string[]): string =>
  line.match(WORD)?.length === 3
    ? line.replace(/(?<![ \t])[ \t]*$/, (end) => ` ${added.join(',')}${end}`)
    : withField(line, 3, (options) => [options, ...added].join(','));

/** One word of a line becomes another; the blanks between stay as somebody has set them. */
function withField(line: string, index: number, change: (word: string) => string): string {
  let at = -1;
  return line.replaceAll(WORD, (word) => {
    at += 1;
    return at === index ? change(word) : word;
  });
}

const BY_UUID = '/dev/disk/by-uuid';

/** By every name that a device has now: udev's links lead to the kernel's. */
async function uuidsByDevice(system: System): Promise<ReadonlyMap<string, string>> {
  const kernelNames = new Map<string, string>();
  for (const uuid of await readableList(system, BY_UUID)) {
    const target = await readableLink(system, `${BY_UUID}/${uuid}`);
    if (target !== undefined) kernelNames.set(basename(target), uuid);
  }
  const found = new Map([...kernelNames].map(([name, uuid]) => [`/dev/${name}`, uuid]));
  for (const folder of ['/dev/disk/by-id', '/dev/disk/by-path']) {
    for (const name of await readableList(system, folder)) {
      const target = await readableLink(system, `${folder}/${name}`);
      const uuid = kernelNames.get(basename(target ?? ''));
      if (uuid !== undefined) found.set(`${folder}/${name}`, uuid);
    }
  }
  return found;
}

const FINDMNT_MS = 20_000;

/** How many errors mount's own tool counts; undefined where it cannot be asked. */
async function faultsIn(system: System, text: string): Promise<number | undefined> {
  const folder = `${PATHS[system.platform].runtime}/repair`;
  const candidate = `${folder}/fstab`;
  await system.makeDir(folder, 0o700);
  try {
    await system.write(candidate, text, { mode: 0o600, encoding: 'latin1' });
    const argv = ['findmnt', '--verify', '--tab-file', system.resolve(candidate)];
    const { ended, stdout } = await system.run(argv, { timeoutMs: FINDMNT_MS });
    return ended === 'exited' ? countOfErrors(stdout) : undefined;
  } finally {
    await system.remove(candidate);
    await system.removeDir(folder);
  }
}

/** `1 parse error, 2 errors, 3 warnings`, or `Success, no errors or warnings detected`: findmnt(8). */
export const countOfErrors = (output: string): number =>
  [...output.matchAll(/\b(\d+) (?:parse )?errors?\b/g)].reduce((sum, [, count]) => sum + Number(count), 0);
