import { boundedly } from '../system/bounded.ts';
import { processIds } from '../system/processes.ts';
import { readableList, readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';

/** A task that waits for a file system to be thawed. */
export interface WaitingTask {
  readonly pid: number;
  readonly name: string;
}

const READ_AT_ONCE = 32;

/**
 * Tasks that wait to write to a frozen file system, by where they stand in the kernel. Only `stat`, `wchan` and
 * `stack` are read: `cmdline` waits for the lock of a process's memory, which one in such a state may hold.
 */
export async function tasksWaitingForThaw(system: System): Promise<readonly WaitingTask[]> {
  const pids = await processIds(system);
  const found = await boundedly(READ_AT_ONCE, pids, async (pid) => {
    const tasks = await readableList(system, `/proc/${pid}/task`);
    const waiting: WaitingTask[] = [];
    for (const task of tasks) {
      const name = await waitingName(system, `/proc/${pid}/task/${task}`);
      if (name !== undefined) waiting.push({ pid, name });
    }
    return waiting.slice(0, 1);
  });
  return found.flat();
}

async function waitingName(system: System, folder: string): Promise<string | undefined> {
  const state = parseState((await readableText(system, `${folder}/stat`)) ?? '');
  if (state?.state !== 'D') return undefined;
  const [wchan, stack] = await Promise.all([
    readableText(system, `${folder}/wchan`),
    readableText(system, `${folder}/stack`),
  ]);
  return waitsForThaw(wchan ?? '', stack ?? '') ? state.name : undefined;
}

/** proc_pid_stat(5): the name stands in parentheses, and may itself hold any of them. */
export function parseState(stat: string): { readonly name: string; readonly state: string } | undefined {
  const [open, close] = [stat.indexOf('('), stat.lastIndexOf(')')];
  if (open < 0 || close < open) return undefined;
  return { name: stat.slice(open + 1, close), state: stat.slice(close + 2, close + 3) };
}

/** Where a reader of the superblock's lock waits: kernel/locking/percpu-rwsem.c since 5.7, and before. */
const WAITS = ['percpu_rwsem_wait', '__percpu_down_read', 'percpu_down_read', '__sb_start_write'];
/** Others take such locks too (cgroups, CPU hotplug), so one who is about to write must be among the callers. */
const WRITERS =
  /^(__sb_start_write|vfs_write|vfs_iter_write|do_iter_write|vfs_fallocate|vfs_truncate|do_(sys_)?ftruncate|mnt_want_write(_file)?|iter_file_splice_write|do_sendfile|aio_write|io_write|\w*_page_mkwrite|(ext[34]|xfs|btrfs|f2fs|nilfs)_\w+)$/;

/** Without the stack (a kernel that hides it) the place itself has to do. */
export function waitsForThaw(wchan: string, stack: string): boolean {
  const functions = [...stack.matchAll(/^\[<[0-9a-f]*>\] ([\w.]{1,300})\+0x/gm)].map(
    ([, name]) => name?.split('.')[0] ?? '',
  );
  if (functions.length === 0) return WAITS.includes(wchan.trim());
  return functions.some((name) => WAITS.includes(name)) && functions.some((name) => WRITERS.test(name));
}
