import { UserError } from '../errors.ts';
import { ownerOf } from '../system/owned-file.ts';
import type { System } from '../system/system.ts';
import { UNITS, type Unit, WAYS, type Way } from './units.ts';

/** What is installed, and what systemd says of it. */
export interface ServiceState {
  readonly installed: 'package' | 'by-hand' | 'no';
  /** What is enabled; undefined when neither is, or there is no systemd to ask. */
  readonly way: Way | undefined;
  readonly units: Readonly<Record<Unit, UnitState>>;
}

export interface UnitState {
  /** In systemd's words: `enabled`, `disabled`, `masked` …; `unknown` where it does not run or knows no such unit. */
  readonly enabled: string;
  /** `active`, `inactive`, `failed`, `activating` … */
  readonly active: string;
  readonly pid?: number;
  /** Of its whole control group: the daemon, its guard and scripts. */
  readonly memoryBytes?: number;
}

/** Where units of the administrator are, which hide those of packages. */
export const OWN_UNITS = '/etc/systemd/system';
const PACKAGED_UNITS = ['/usr/lib/systemd/system', '/lib/systemd/system'];

const ASK_MS = 10_000;

export async function readState(system: System): Promise<ServiceState> {
  const units = (await systemdRuns(system)) ? await askSystemd(system) : unknownUnits();
  const isEnabled = (way: Way) => WAYS[way].some((unit) => units[unit].enabled.startsWith('enabled'));
  return {
    installed: await howInstalled(system),
    way: isEnabled('resident') ? 'resident' : isEnabled('on-demand') ? 'on-demand' : undefined,
    units,
  };
}

/** sd_booted(3) */
export const systemdRuns = async (system: System): Promise<boolean> =>
  (await system.stat('/run/systemd/system')) !== undefined;

async function howInstalled(system: System): Promise<ServiceState['installed']> {
  const own = await system.readText(`${OWN_UNITS}/quiesced.service`);
  if (own !== undefined && ownerOf(own) !== 'somebody') return 'by-hand';
  return (await isPackaged(system)) ? 'package' : 'no';
}

export async function isPackaged(system: System): Promise<boolean> {
  const found = await Promise.all(PACKAGED_UNITS.map((folder) => system.stat(`${folder}/quiesced.service`)));
  return found.some((stat) => stat !== undefined);
}

const PROPERTIES = ['UnitFileState', 'ActiveState', 'MainPID', 'MemoryCurrent'];

/** One call: systemctl prints a block for each, in the order in which they were named. */
async function askSystemd(system: System): Promise<ServiceState['units']> {
  const argv = ['systemctl', 'show', `--property=${PROPERTIES.join(',')}`, ...UNITS];
  const { ended, exitCode, stdout, stderr } = await system.run(argv, { timeoutMs: ASK_MS });
  if (ended !== 'exited' || exitCode !== 0) {
    throw new UserError('service.no-answer', `systemctl does not say what is installed: ${stderr.trim() || ended}`, {
      remedy: `See what is wrong with it: ${argv.join(' ')}`,
    });
  }
  const blocks = stdout.split('\n\n').map(unitState);
  return Object.fromEntries(UNITS.map((unit, index) => [unit, blocks[index] ?? UNKNOWN])) as ServiceState['units'];
}

const UNKNOWN: UnitState = { enabled: 'unknown', active: 'unknown' };
const unknownUnits = () => Object.fromEntries(UNITS.map((unit) => [unit, UNKNOWN])) as ServiceState['units'];

function unitState(block: string): UnitState {
  const value = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(block)?.[1] ?? '';
  const pid = Number(value('MainPID'));
  // `[not set]` where it does not run, or nobody counts.
  const memoryBytes = /^\d{1,15}$/.test(value('MemoryCurrent')) ? Number(value('MemoryCurrent')) : undefined;
  return {
    enabled: value('UnitFileState') || 'unknown',
    active: value('ActiveState') || 'unknown',
    ...(pid > 0 ? { pid } : {}),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  };
}
