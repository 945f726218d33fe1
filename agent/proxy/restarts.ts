import type { RunChange } from '../system/changes.ts';
import { isThere } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import type { Note } from '../system/transaction.ts';
import { WAAGENT_CONFS } from '../system/waagent-conf.ts';
import { AGENT_UNITS, findAgentService } from '../system/waagent-unit.ts';
import { dropInFolder, OWN_UNIT } from './units.ts';

/** What is to be run once files have changed, and what a person has to do besides. */
export interface Aftermath {
  readonly runs: readonly RunChange[];
  readonly notes: readonly Note[];
}

/** `none`: nobody is; `others`: this process is the daemon, and cannot restart itself. */
export type Restart = 'all' | 'others' | 'none';

export type { Note };

export const RUN_MS = 90_000;

/** Whoever reads its proxy at its start only is started again, where it runs, and only for a file of its own. */
export async function aftermathOf(system: System, paths: readonly string[], restart: Restart): Promise<Aftermath> {
  const systemd = system.live && (await isThere(system, '/run/systemd/system'));
  const below = (unit: string) => paths.some((path) => path.startsWith(`${dropInFolder(unit)}/`));
  const agentReads = paths.some((path) => WAAGENT_CONFS.includes(path)) || AGENT_UNITS.some(below);
  const service = agentReads ? await findAgentService(system, { systemd }) : undefined;
  const units = [
    ...(service?.kind === 'systemd' ? [service.name] : []),
    ...(below(OWN_UNIT) && restart !== 'others' ? [OWN_UNIT] : []),
  ];
  if (!systemd || restart === 'none') {
    const names = [...units, ...(service?.kind === 'init-script' ? [service.name] : [])];
    return { runs: [], notes: names.map((name) => atNextStart(name, systemd)) };
  }
  const reload = [...AGENT_UNITS, OWN_UNIT].some(below) ? [run(['systemctl', 'daemon-reload'])] : [];
  return { runs: [...reload, ...units.map((unit) => run(['systemctl', 'try-restart', unit]))], notes: [] };
}

export const restartsAgent = ({ runs }: Aftermath): boolean =>
  runs.some(({ argv }) => AGENT_UNITS.includes(argv[2] ?? ''));

const run = (argv: readonly string[]): RunChange => ({ do: 'run', argv, timeoutMs: RUN_MS });

const atNextStart = (name: string, systemd: boolean): Note => {
  const byHand = name.startsWith('/') ? `${name} restart` : `Restart ${name}.`;
  return {
    message: `${name} reads it at its next start`,
    remedy: systemd ? `systemctl daemon-reload && systemctl try-restart ${name}` : byHand,
  };
};
