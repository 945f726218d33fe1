import { baseName, type Process, runningProcesses } from './processes.ts';
import type { System } from './system.ts';

/** Another program on this machine that freezes file systems when somebody tells it to. */
export interface OtherFreezer {
  readonly pid: number;
  readonly name: string;
}

/**
 * QEMU's and VMware's guest agents, Hyper-V's daemon under its two names (the second is Red Hat's), the helper of
 * Azure's backup extension.
 */
const FREEZERS: readonly string[] = ['qemu-ga', 'vmtoolsd', 'hv_vss_daemon', 'hypervvssd', 'safefreeze'];

/** Those that run now, by rising pid. */
export const otherFreezers = async (system: System): Promise<readonly OtherFreezer[]> =>
  freezersAmong(await runningProcesses(system));

/** The same, from processes that were read before. */
export const freezersAmong = (processes: readonly Process[]): readonly OtherFreezer[] =>
  processes.flatMap((process) => {
    // The tools of a desktop session (`vmtoolsd -n vmusr`) copy and paste; the service is the one that freezes.
    if (process.argv.includes('vmusr')) return [];
    const name = [baseName(process.argv[0] ?? ''), process.name].find((name) => FREEZERS.includes(name));
    return name === undefined ? [] : [{ pid: process.pid, name }];
  });
