import { boundedly } from './bounded.ts';
import type { RunResult, System } from './system.ts';

/** How full a file system is: the numbers of statfs(2). */
export interface Usage {
  readonly blockBytes: number;
  readonly blocks: number;
  readonly freeBlocks: number;
  /** Of the free ones, what others than root may take. */
  readonly availableBlocks: number;
  /** 0 where there is no fixed number of them: btrfs, FAT, most network file systems. */
  readonly inodes: number;
  readonly freeInodes: number;
}

/**
 * - `failed`: it answered, with an error (a stale handle, a connection that is gone);
 * - `silent`: no answer in time, which is what a server that is away looks like;
 * - `not-asked`: too many others were silent before, or there is no program to ask with.
 */
export type StatfsAnswer =
  | { readonly state: 'answered'; readonly usage: Usage }
  | { readonly state: 'failed'; readonly reason: string }
  | { readonly state: 'silent' }
  | { readonly state: 'not-asked'; readonly reason: string };

/** What one program is given to ask all of a group in. */
export const SILENT_AFTER_MS = 2000;
/** Groups that begin later than this are not asked: as many silent ones as that would cost everybody's patience. */
const LAST_START_MS = 2000;
const AT_ONCE = 16;
/** A path is 4 KiB at most, a command line a quarter of the stack's limit, 2 MiB by default: execve(2). */
const PATHS_AT_ONCE = 200;

/**
 * Asks about file systems by their mount points, in a program each group, since statfs(2) on a dead server does not
 * come back and a thread of ours that is stuck in it would keep this process from ending. One that is silent makes its
 * whole group silent, so what may hang stands in a group of its own. Mount points are the kernel's, whatever our root.
 */
export async function askStatfs(
  system: System,
  groups: readonly (readonly string[])[],
): Promise<ReadonlyMap<string, StatfsAnswer>> {
  const giveUpMs = system.clock.monotonicMs() + LAST_START_MS;
  const chunks = groups.flatMap(inChunks);
  const answers = await boundedly(AT_ONCE, chunks, async (paths) => {
    if (system.clock.monotonicMs() > giveUpMs) return notAsked(paths, 'too many others gave no answer');
    // The short names of the options are also busybox's.
    const argv = ['stat', '-f', '-c', '%S %b %f %a %c %d %n', '--', ...paths];
    return answersOf(paths, await system.run(argv, { timeoutMs: SILENT_AFTER_MS }));
  });
  return new Map(answers.flat());
}

const inChunks = (paths: readonly string[]): readonly (readonly string[])[] =>
  Array.from({ length: Math.ceil(paths.length / PATHS_AT_ONCE) }, (_, at) =>
    paths.slice(at * PATHS_AT_ONCE, (at + 1) * PATHS_AT_ONCE),
  );

type Entry = readonly [path: string, answer: StatfsAnswer];

const notAsked = (paths: readonly string[], reason: string): readonly Entry[] =>
  paths.map((path) => [path, { state: 'not-asked', reason }]);

function answersOf(paths: readonly string[], { ended, stdout, stderr }: RunResult): readonly Entry[] {
  if (ended === 'not-found' || ended === 'not-started') return notAsked(paths, 'there is no program stat');
  const usages = parseStatfs(stdout);
  return paths.map((path) => {
    const usage = usages.get(path);
    if (usage !== undefined) return [path, { state: 'answered', usage }];
    if (ended === 'timed-out') return [path, { state: 'silent' }];
    return [path, { state: 'failed', reason: reasonFor(path, stderr) }];
  });
}

/** What `stat` printed, by path: it leaves out those that it could not ask. */
export const parseStatfs = (stdout: string): ReadonlyMap<string, Usage> =>
  new Map(
    stdout.split('\n').flatMap((line) => {
      const [blockBytes, blocks, freeBlocks, availableBlocks, inodes, freeInodes, ...path] = line.split(' ');
      const numbers = [blockBytes, blocks, freeBlocks, availableBlocks, inodes, freeInodes];
      if (path.length === 0 || !numbers.every((number) => /^\d+$/.test(number ?? ''))) return [];
      const usage: Usage = {
        blockBytes: Number(blockBytes),
        blocks: Number(blocks),
        freeBlocks: Number(freeBlocks),
        availableBlocks: Number(availableBlocks),
        inodes: Number(inodes),
        freeInodes: Number(freeInodes),
      };
      return [[path.join(' '), usage] as const];
    }),
  );

/** `stat: cannot read file system information for '/mnt': Stale file handle`, in English by our environment. */
function reasonFor(path: string, stderr: string): string {
  const line = stderr.split('\n').find((each) => each.includes(`'${path}'`)) ?? stderr.trim().split('\n').at(-1) ?? '';
  const reason = line.slice(line.lastIndexOf(': ') + 1).trim();
  return reason === '' ? 'no answer that makes sense' : reason;
}
