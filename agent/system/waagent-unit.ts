import { isThere, readableLink } from './readable.ts';
import type { System } from './system.ts';

/** How the machine starts the agent. */
export interface AgentService {
  readonly kind: 'systemd' | 'init-script';
  /** `walinuxagent.service`, or the script's path. */
  readonly name: string;
  /** As systemctl says it; undefined when it was not asked: no systemd, or a disk of another machine. */
  readonly active: string | undefined;
  /** `enabled`, `disabled`, `masked`, `static` …; undefined when it was not asked and the files do not tell. */
  readonly enabled: string | undefined;
}

/** Named by packagers, not by rule: Debian and Ubuntu say walinuxagent, the others waagent. Both are looked for. */
const NAMES = ['walinuxagent', 'waagent'] as const;
export const AGENT_UNITS: readonly string[] = NAMES.map((name) => `${name}.service`);

/** A unit hides those of the same name in later folders: systemd.unit(5). */
export const UNIT_FOLDERS: readonly string[] = [
  '/etc/systemd/system',
  '/run/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
];

const QUERY_MS = 3000;

/** The service, whatever starts it; undefined when nothing does. */
export async function findAgentService(system: System, runs: { systemd: boolean }): Promise<AgentService | undefined> {
  if (runs.systemd && system.live) {
    const units = await askSystemd(system);
    if (units !== undefined) return pickUnit(units);
  }
  return (await unitFile(system)) ?? (await initScript(system));
}

/** An active one before a loaded one: one name may be an alias of the other, or a left-over. */
export const pickUnit = (units: readonly AgentService[]): AgentService | undefined =>
  units.find(({ active }) => active === 'active') ?? units[0];

async function askSystemd(system: System): Promise<readonly AgentService[] | undefined> {
  const properties = ['Id', 'LoadState', 'ActiveState', 'UnitFileState'].map((name) => `--property=${name}`);
  const { exitCode, stdout } = await system.run(['systemctl', 'show', '--no-pager', ...properties, ...AGENT_UNITS], {
    timeoutMs: QUERY_MS,
  });
  return exitCode === 0 ? parseUnits(stdout) : undefined;
}

/** Blocks of `Name=value`, one a unit, with an empty line between. */
export function parseUnits(output: string): readonly AgentService[] {
  return output.split(/\n\s*\n/).flatMap((block) => {
    const values = new Map(
      block.split('\n').map((line) => [line.split('=', 1)[0] ?? '', line.slice(line.indexOf('=') + 1)]),
    );
    const load = values.get('LoadState');
    const name = values.get('Id');
    if (name === undefined || load === undefined || load === 'not-found') return [];
    const enabled = load === 'masked' ? 'masked' : values.get('UnitFileState') || undefined;
    return [{ kind: 'systemd' as const, name, active: values.get('ActiveState'), enabled }];
  });
}

async function unitFile(system: System): Promise<AgentService | undefined> {
  for (const folder of UNIT_FOLDERS) {
    for (const name of AGENT_UNITS) {
      const path = `${folder}/${name}`;
      const target = await readableLink(system, path);
      if (target === undefined && !(await isThere(system, path))) continue;
      const wanted = await readableLink(system, `/etc/systemd/system/multi-user.target.wants/${name}`);
      const enabled = wanted === undefined ? 'disabled' : 'enabled';
      return { kind: 'systemd', name, active: undefined, enabled: target === '/dev/null' ? 'masked' : enabled };
    }
  }
  return undefined;
}

async function initScript(system: System): Promise<AgentService | undefined> {
  for (const name of NAMES.map((name) => `/etc/init.d/${name}`)) {
    if (await isThere(system, name)) return { kind: 'init-script', name, active: undefined, enabled: undefined };
  }
  return undefined;
}
