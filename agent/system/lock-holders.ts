import { boundedly, FILES_AT_ONCE } from './bounded.ts';
import { readableLink, readableList, readableText } from './readable.ts';
import type { System } from './system.ts';

/** Who holds a lock on a file. */
export interface LockHolding {
  readonly path: string;
  readonly pid: number;
  readonly command: string;
}

/**
 * Who holds a lock on one of these files now, seen without touching the files: a lock that is taken for a moment to find
 * out would turn others away. A process that has a lock stands in proc_locks(5); of those, whose descriptor leads to the
 * path and has a `lock:` line of its own, proc_pid_fdinfo(5). Needs root to see the processes of others.
 */
export async function holdersOf(system: System, paths: readonly string[]): Promise<readonly LockHolding[]> {
  const wanted = new Map(paths.map((path) => [system.resolve(path), path]));
  const pids = lockingPids((await readableText(system, '/proc/locks')) ?? '');
  const found = await boundedly(FILES_AT_ONCE, pids, (pid) => heldBy(system, pid, wanted));
  return found.flat();
}

/**
 * Of `1: POSIX  ADVISORY  WRITE 3548 08:01:2108 0 EOF`; a line with `->` waits for the one above. Locks of open files
 * (OFD) belong to no process, -1, and those of another pid namespace show as 0.
 */
export const lockingPids = (locks: string): readonly number[] => [
  ...new Set(
    locks.split('\n').flatMap((line) => {
      const pid = Number(/^\d+: (?:POSIX|FLOCK) +\S+ +\S+ +(\d+) /.exec(line)?.[1] ?? 0);
      return pid > 0 ? [pid] : [];
    }),
  ),
];

async function heldBy(
  system: System,
  pid: number,
  wanted: ReadonlyMap<string, string>,
): Promise<readonly LockHolding[]> {
  const found: LockHolding[] = [];
  for (const fd of await readableList(system, `/proc/${pid}/fd`)) {
    const path = wanted.get((await readableLink(system, `/proc/${pid}/fd/${fd}`)) ?? '');
    if (path === undefined || found.some((holding) => holding.path === path)) continue;
    if (!/^lock:/m.test((await readableText(system, `/proc/${pid}/fdinfo/${fd}`)) ?? '')) continue;
    const command = (await readableText(system, `/proc/${pid}/comm`))?.trimEnd() ?? 'a process';
    found.push({ path, pid, command });
  }
  return found;
}
