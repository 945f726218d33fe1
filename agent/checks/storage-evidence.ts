import { type Classified, classify, classOf } from '../freezer/classes.ts';
import { type FileSystem, fileSystemsOf, type Mount, parseMountinfo } from '../freezer/mounts.ts';
import { readableText } from '../system/readable.ts';
import { shellWord } from '../system/shell-word.ts';
import { askStatfs, type StatfsAnswer } from '../system/statfs.ts';
import type { System } from '../system/system.ts';
import type { CheckContext } from './check.ts';

/** A mount with the options of its own (`noexec`, `ro`), beside those of the superblock. */
export interface MountPlace extends Mount {
  readonly options: readonly string[];
}

/** What is mounted: evidence that all checks of file systems judge. */
export interface Storage {
  readonly mounts: readonly MountPlace[];
  readonly fileSystems: readonly Classified[];
}

/** What a check says where `/proc` is not that of a running machine. */
export const NO_MOUNTS = 'there is no table of mounts to read';

/** Gathers once per run: `context.evidence(gatherStorage)`. */
export async function gatherStorage(system: System): Promise<Storage> {
  const table =
    (await readableText(system, '/proc/1/mountinfo')) ?? (await readableText(system, '/proc/self/mountinfo'));
  const mounts = mountPlaces(table ?? '');
  return { mounts, fileSystems: await classify(system, fileSystemsOf(mounts)) };
}

/** The sixth field of a line of mountinfo, by whatever reads the others. */
export const mountPlaces = (table: string): readonly MountPlace[] =>
  table
    .split('\n')
    .flatMap((line) =>
      parseMountinfo(line).map((mount) => ({ ...mount, options: (line.split(' ')[5] ?? '').split(',') })),
    );

/** The freezer's own word for it, so that the two cannot come to differ. */
const isLike = (fileSystem: FileSystem, like: Partial<FileSystem>, temporary = false): boolean =>
  classOf(fileSystem, temporary).reason === classOf({ ...fileSystem, ...like }, temporary).reason;

export const isNetwork = (fileSystem: FileSystem): boolean => isLike(fileSystem, { type: 'nfs' });
export const isTrigger = ({ type }: FileSystem): boolean => type === 'autofs';
/** Kept up by a program, which may hang. */
const isFuse = ({ type }: FileSystem): boolean => /^fuse(\.|blk$|$)/.test(type);
const isFat = (fileSystem: FileSystem): boolean => !fileSystem.readOnly && isLike(fileSystem, { type: 'vfat' });

/** Whether there is data of this machine in it that is written to. */
export const hasOwnData = ({ class: kind, fileSystem }: Classified): boolean =>
  kind !== 'exempt' || (!isNetwork(fileSystem) && !isTrigger(fileSystem) && isFat(fileSystem));

/** Kept in memory, but what fills them stops the machine, and our own record of what is frozen stands in the first. */
const IN_MEMORY = ['/run', '/tmp'];

/** How full each local file system is, by mount point. Network mounts are asked for elsewhere: they may be silent. */
export async function gatherUsage(
  system: System,
  { evidence }: CheckContext,
): Promise<ReadonlyMap<string, StatfsAnswer>> {
  const { fileSystems } = await evidence(gatherStorage);
  return askStatfs(system, localGroups(fileSystems));
}

/** Those that cannot hang in one group; each that might, or whose path leads through one that might, in its own. */
export function localGroups(fileSystems: readonly Classified[]): readonly (readonly string[])[] {
  const treacherous = new Set(
    fileSystems
      .filter(({ fileSystem }) => isNetwork(fileSystem) || isTrigger(fileSystem) || isFuse(fileSystem))
      .flatMap(({ fileSystem }) => fileSystem.mountPoints),
  );
  const wanted = fileSystems
    .filter((each) => hasOwnData(each) || IN_MEMORY.includes(each.fileSystem.mountPoint))
    .filter(({ fileSystem }) => !fileSystem.hidden)
    .map(({ fileSystem }) => fileSystem.mountPoint);
  const { safe = [], alone = [] } = Object.groupBy(wanted, (path) =>
    wayTo(path).some((folder) => treacherous.has(folder)) ? 'alone' : 'safe',
  );
  return [...(safe.length > 0 ? [safe] : []), ...alone.map((path) => [path])];
}

/** `/a/b` → `/a`, `/a/b`. */
const wayTo = (path: string): readonly string[] => {
  const parts = path.split('/').slice(1);
  return parts.map((_, at) => `/${parts.slice(0, at + 1).join('/')}`);
};

const SHOWN = 5;

/** The first few of many, and how many more there are. */
export const listed = (names: readonly string[], shown = SHOWN): string =>
  names.length <= shown ? names.join(', ') : `${names.slice(0, shown).join(', ')} and ${names.length - shown} more`;

/** A path as a shell takes it: what a remedy says may be pasted. */
export const pasted = shellWord;
