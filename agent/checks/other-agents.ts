import { loadConfig } from '../config/load.ts';
import { UserError } from '../errors.ts';
import { baseName, type Process, runningProcesses } from '../system/processes.ts';
import { modifiedMs, readableList } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { type Check, type CheckContext, info, pass, type Result, warn } from './check.ts';
import { SOURCES } from './limits.ts';
import { crontab, readSchedules, type Scheduled } from './other-schedules.ts';
import { gatherWaagent } from './waagent.ts';

/** A product that makes backups, and what it does to the machine meanwhile. */
interface Product {
  readonly name: string;
  readonly covers: string;
  readonly freezes: boolean;
  /** Of its processes, and of what cron and timers start. */
  readonly programs: readonly string[];
}

const VM_EXTENSION: Product = { name: 'Azure Backup', covers: 'the whole machine', freezes: true, programs: [] };
const OURSELVES: Product = { name: 'quiesced', covers: 'rehearsals', freezes: true, programs: [] };

/** By what their makers' own documents say; `freezes` where they hold file systems for a snapshot. */
const PRODUCTS: readonly Product[] = [
  { name: 'Azure Site Recovery', covers: 'all disks, all the time', freezes: true, programs: ['svagents', 'vxagent'] },
  { name: 'Veeam Agent', covers: 'disks or files', freezes: true, programs: ['veeamservice', 'veeamconfig', 'veeam'] },
  { name: 'Veeam', covers: 'disks or files', freezes: true, programs: ['veeamtransport', 'veeamdeployment'] },
  { name: 'Acronis', covers: 'disks or files', freezes: true, programs: ['aakore', 'acronis_mms'] },
  { name: 'Commvault', covers: 'disks or files', freezes: true, programs: ['cvd', 'cvlaunchd'] },
  { name: 'Rubrik', covers: 'disks or files', freezes: true, programs: ['backup_agent', 'rubrik'] },
  { name: 'Dell NetWorker', covers: 'files', freezes: false, programs: ['nsrexecd'] },
  { name: 'Dell Avamar', covers: 'files', freezes: false, programs: ['avagent', 'avagent.bin'] },
  { name: 'NetBackup', covers: 'files', freezes: false, programs: ['bpcd', 'nbdisco'] },
  { name: 'IBM Storage Protect', covers: 'files', freezes: false, programs: ['dsmc', 'dsmcad'] },
  { name: 'Bacula', covers: 'files', freezes: false, programs: ['bacula-fd'] },
  { name: 'Bareos', covers: 'files', freezes: false, programs: ['bareos-fd'] },
  { name: 'UrBackup', covers: 'files or disks', freezes: true, programs: ['urbackupclientbackend'] },
  { name: 'restic', covers: 'files', freezes: false, programs: ['restic'] },
  { name: 'BorgBackup', covers: 'files', freezes: false, programs: ['borg', 'borgmatic'] },
  { name: 'Kopia', covers: 'files', freezes: false, programs: ['kopia'] },
  { name: 'duplicity', covers: 'files', freezes: false, programs: ['duplicity', 'duply'] },
  { name: 'rsnapshot', covers: 'files', freezes: false, programs: ['rsnapshot'] },
  // A device-mapper snapshot freezes what is mounted of its origin: lvcreate(8), dmsetup(8).
  {
    name: 'a script with fsfreeze or lvcreate',
    covers: 'what it says',
    freezes: true,
    programs: ['fsfreeze', 'xfs_freeze', 'lvcreate'],
  },
];

/** One of them as it was found here. */
export interface Found {
  readonly name: string;
  readonly covers: string;
  readonly freezes: boolean;
  /** In which it was seen to start; empty where nobody tells. */
  readonly hours: readonly number[];
}

/** Who is responsible for which data; and whether two of them meet. */
export const backupsDoNotMeet: Check = {
  id: 'other.backup-agents',
  group: 'other',
  title: 'No two backups freeze the machine in the same hour',
  platforms: ['linux'],
  source: `${SOURCES.about}; ${SOURCES.troubleshoot}`,
  async run(system, context) {
    const [processes, schedules, ours, azure] = await Promise.all([
      context.evidence(runningProcesses),
      readSchedules(system),
      ownHours(system),
      extensionHours(system, context),
    ]);
    return judgeAgents([...azure, ...productsAmong(processes, schedules), ...ours]);
  },
};

export function judgeAgents(found: readonly Found[]): Result {
  for (const [at, one] of found.entries()) {
    for (const other of found.slice(at + 1)) {
      const hour = one.freezes && other.freezes ? one.hours.find((each) => other.hours.includes(each)) : undefined;
      if (hour === undefined) continue;
      return warn(
        `${one.name} and ${other.name} both freeze file systems in the hour from ${clock(hour)}`,
        'Move one of them two hours away: the policy of the vault, its own schedule, or the line or timer that starts it:\n$ systemctl list-timers --all',
      );
    }
  }
  const others = found.filter(({ name }) => name !== OURSELVES.name);
  return others.length === 0 ? pass('none is known to be here') : info(others.map(describe).join('; '));
}

const clock = (hour: number): string => `${String(hour).padStart(2, '0')}:00`;

const describe = ({ name, covers, hours }: Found): string =>
  `${name} covers ${covers}${hours.length === 0 || hours.length > 3 ? '' : ` (${hours.map(clock).join(', ')})`}`;

/** Each product once, by what runs and by what will be started. */
export const productsAmong = (processes: readonly Process[], schedules: readonly Scheduled[]): readonly Found[] =>
  PRODUCTS.flatMap(({ programs, ...product }) => {
    const names = new Set(processes.flatMap(({ name, argv }) => [name, baseName(argv[0] ?? '')]));
    const runs = programs.some((program) => names.has(program) || names.has(program.slice(0, 15)));
    const starts = schedules.filter(({ what }) => programs.some((program) => mentions(what, program)));
    const hours = [...new Set(starts.flatMap((start) => start.hours))].sort((a, b) => a - b);
    return runs || starts.length > 0 ? [{ ...product, hours }] : [];
  });

/** As a word: `/usr/bin/borg create`, `veeam-daily.timer`; not `cyborg`. */
const mentions = (what: string, program: string): boolean =>
  what.split(/[^\w.]+/).some((word) => word === program || (word.startsWith(`${program}.`) && !word.endsWith('.conf')));

const EXTENSION = /^Microsoft\.Azure\.RecoveryServices\.VMSnapshotLinux-\d/;

/** When Azure's service comes is written in its vault only; its last visit shows in the file it left. */
async function extensionHours(system: System, { evidence }: CheckContext): Promise<readonly Found[]> {
  const { libDir } = await evidence(gatherWaagent);
  const folders = (await readableList(system, libDir)).filter((name) => EXTENSION.test(name));
  if (folders.length === 0) return [];
  const paths = await Promise.all(
    folders.map(async (name) =>
      (await readableList(system, `${libDir}/${name}/status`)).map((file) => `${libDir}/${name}/status/${file}`),
    ),
  );
  const times = await Promise.all(paths.flat().map((path) => modifiedMs(system, path)));
  const newest = Math.max(0, ...times.filter((time) => time !== undefined));
  const { programs: _, ...product } = VM_EXTENSION;
  return [{ ...product, hours: newest === 0 ? [] : [new Date(newest).getHours()] }];
}

/** Our own rehearsals freeze too. A configuration that is at fault is another check's business. */
async function ownHours(system: System): Promise<readonly Found[]> {
  try {
    const { rehearsal } = (await loadConfig(system)).config.schedule;
    const [first] = crontab(`${rehearsal ?? 'off'} quiesced`);
    const { programs: _, ...product } = OURSELVES;
    return first === undefined ? [] : [{ ...product, hours: first.hours }];
  } catch (error) {
    if (error instanceof UserError) return [];
    throw error;
  }
}
