import { boundedly, FILES_AT_ONCE } from './bounded.ts';
import { readableList, readableText } from './readable.ts';
import type { System } from './system.ts';

/** A process as `/proc` shows it to everybody: proc_pid_comm(5), proc_pid_cmdline(5). */
export interface Process {
  readonly pid: number;
  /** The kernel's name for it, cut at 15 bytes. */
  readonly name: string;
  /** Empty for kernel threads. */
  readonly argv: readonly string[];
}

/** Every process, by rising pid; those that end while we look are left out. */
export async function runningProcesses(system: System): Promise<readonly Process[]> {
  const pids = await processIds(system);
  const found = await boundedly(FILES_AT_ONCE, pids, (pid) => readProcess(system, pid));
  return found.filter((process) => process !== undefined);
}

/** The pids there are now, rising. */
export const processIds = async (system: System): Promise<readonly number[]> =>
  (await readableList(system, '/proc'))
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);

async function readProcess(system: System, pid: number): Promise<Process | undefined> {
  const [comm, cmdline] = await Promise.all([
    readableText(system, `/proc/${pid}/comm`),
    readableText(system, `/proc/${pid}/cmdline`),
  ]);
  if (comm === undefined && cmdline === undefined) return undefined;
  const argv = splitArguments(cmdline ?? '');
  return { pid, name: comm?.trimEnd() ?? baseName(argv[0] ?? ''), argv };
}

/**
 * Arguments end with a NUL each; a program that rewrote its title leaves one string, padded with NULs. Counted, not
 * matched: any user can start a program whose two megabytes of arguments would keep a pattern busy for hours.
 */
function splitArguments(cmdline: string): readonly string[] {
  let end = cmdline.length;
  while (end > 0 && cmdline[end - 1] === '\0') end -= 1;
  return end === 0 ? [] : cmdline.slice(0, end).split('\0');
}

/** The last part of a path. */
export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
