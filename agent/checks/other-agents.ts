import { loadedModules } from '../boot/modules.ts';
import { loadConfig } from '../config/load.ts';
import { UserError } from '../errors.ts';
import { baseName, type Process, runningProcesses } from '../system/processes.ts';
import { modifiedMs, readableList } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { type Check, type CheckContext, info, pass, type Result, warn } from './check.ts';
import { SOURCES } from './limits.ts';
import { PRODUCTS, type Product, SITE_RECOVERY } from './other-products.ts';
import { crontab, readSchedules, type Scheduled } from './other-schedules.ts';
import { type Installed, installedOnWindows, installedPackages, mobilityVersion } from './other-versions.ts';
import { gatherWaagent } from './waagent.ts';

const VM_EXTENSION: Product = { name: 'Azure Backup', covers: 'the whole machine', freezes: true, programs: [] };
const OURSELVES: Product = { name: 'quiesced', covers: 'rehearsals', freezes: true, programs: [] };

/** One of them as it was found here. */
export interface Found {
  readonly name: string;
  readonly covers: string;
  readonly freezes: boolean;
  /** In which it was seen to start; empty where nobody tells. */
  readonly hours: readonly number[];
  readonly version?: string;
}

/** Who is responsible for which data; and whether two of them meet. */
export const backupsDoNotMeet: Check = {
  id: 'other.backup-agents',
  group: 'other',
  title: 'No two backups freeze the machine in the same hour',
  source: `${SOURCES.about}; ${SOURCES.troubleshoot}`,
  async run(system, context) {
    if (system.platform === 'windows') return judgeAgents(productsListed(await installedOnWindows(system)));
    const [processes, schedules, modules, ours, azure] = await Promise.all([
      context.evidence(runningProcesses),
      readSchedules(system),
      loadedModules(system),
      ownHours(system),
      extensionHours(system, context),
    ]);
    const products = await withVersions(system, productsAmong(processes, schedules, modules));
    return judgeAgents([...azure, ...products, ...ours]);
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
  if (others.length === 0) return pass('none is known to be here');
  const silent = found.filter(({ freezes, hours }) => freezes && hours.length === 0).map(({ name }) => name);
  const meeting = found.filter(({ freezes }) => freezes).length > 1 && silent.length > 0;
  const unknown = meeting ? `. When ${silent.join(' and ')} freezes, nothing here tells` : '';
  return info(
    `${others.map(describe).join('; ')}${unknown}`,
    meeting ? 'See in its own console that no two of them take snapshots in the same hour.' : undefined,
  );
}

const clock = (hour: number): string => `${String(hour).padStart(2, '0')}:00`;

const describe = ({ name, version, covers, hours }: Found): string =>
  `${name}${version === undefined ? '' : ` ${version}`} covers ${covers}${hours.length === 0 || hours.length > 3 ? '' : ` (${hours.map(clock).join(', ')})`}`;

/** Each product once, by what runs, by what will be started, and by what it has put into the kernel. */
export const productsAmong = (
  processes: readonly Process[],
  schedules: readonly Scheduled[],
  modules: readonly string[] = [],
): readonly Found[] =>
  PRODUCTS.flatMap((product) => {
    const { programs } = product;
    const names = new Set(processes.flatMap(({ name, argv }) => [name, baseName(argv[0] ?? '')]));
    const runs = programs.some((program) => names.has(program) || names.has(program.slice(0, 15)));
    const starts = schedules.filter(({ what }) => programs.some((program) => mentions(what, program)));
    const isLoaded = product.modules?.some((module) => modules.includes(module)) ?? false;
    const hours = [...new Set(starts.flatMap((start) => start.hours))].sort((a, b) => a - b);
    return runs || isLoaded || starts.length > 0 ? [foundOf(product, hours)] : [];
  });

/** Each product once, by the list of what is installed on Windows, which tells no hours. */
export const productsListed = (installed: readonly Installed[]): readonly Found[] =>
  PRODUCTS.flatMap((product) => {
    const one = installed.find(({ name }) => product.listedAs?.test(name));
    if (one === undefined) return [];
    return [{ ...foundOf(product, []), ...(one.version === '' ? {} : { version: one.version }) }];
  });

const foundOf = ({ name, covers, freezes }: Product, hours: readonly number[]): Found => ({
  name,
  covers,
  freezes,
  hours,
});

/** One question to the package manager for all of them. */
async function withVersions(system: System, found: readonly Found[]): Promise<readonly Found[]> {
  const packagesOf = ({ name }: Found) => PRODUCTS.find((product) => product.name === name)?.packages ?? [];
  const installed = await installedPackages(system, found.flatMap(packagesOf));
  const mobility = found.some(({ name }) => name === SITE_RECOVERY) ? await mobilityVersion(system) : undefined;
  return found.map((one) => {
    const listed = installed.find(({ name }) => packagesOf(one).includes(name))?.version;
    const version = one.name === SITE_RECOVERY ? mobility : listed;
    return version === undefined ? one : { ...one, version };
  });
}

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
  return [foundOf(VM_EXTENSION, newest === 0 ? [] : [new Date(newest).getHours()])];
}

/** Our own rehearsals freeze too. A configuration that is at fault is another check's business. */
async function ownHours(system: System): Promise<readonly Found[]> {
  try {
    const { rehearsal } = (await loadConfig(system)).config.schedule;
    const [first] = crontab(`${rehearsal ?? 'off'} quiesced`);
    return first === undefined ? [] : [foundOf(OURSELVES, first.hours)];
  } catch (error) {
    if (error instanceof UserError) return [];
    throw error;
  }
}
