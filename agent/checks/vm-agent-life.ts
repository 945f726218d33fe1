import { isThere, modifiedMs, readableList } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import type { AgentService } from '../system/waagent-unit.ts';
import { onAzure } from './azure.ts';
import { type Check, fail, info, pass, type Result, skip, warn } from './check.ts';
import { HEARTBEAT, SOURCES } from './limits.ts';
import { gatherWaagent, isInstalled, type Waagent } from './waagent.ts';
import {
  gatherWindowsAgent,
  isWindowsAgentInstalled,
  judgeWindowsHeartbeat,
  judgeWindowsServices,
  type WindowsAgent,
  windowsAgentLog,
} from './windows-agent.ts';

/** Elsewhere than on Azure nobody's backup needs the agent: then its other checks are hidden. */
export const agentInstalled: Check = {
  id: 'agent.installed',
  group: 'agent',
  title: 'The VM agent is installed',
  source: SOURCES.prepare,
  async run(system, { facts, evidence }) {
    if (system.platform === 'windows') {
      return judgeWindowsInstalled(await evidence(gatherWindowsAgent), onAzure(facts));
    }
    const waagent = await evidence(gatherWaagent);
    return judgeInstalled(waagent, onAzure(facts), await installCommand(system));
  },
};

export function judgeInstalled(waagent: Waagent, azure: boolean, install: string): Result {
  const where = waagent.program ?? waagent.service?.name ?? 'running';
  return judgePresence(
    isInstalled(waagent) ? where : undefined,
    azure,
    `Install it from the distribution's own repository, and set provisionVmAgent of the VM:\n$ ${install}`,
  );
}

export const judgeWindowsInstalled = (agent: WindowsAgent, azure: boolean): Result =>
  judgePresence(
    isWindowsAgentInstalled(agent) ? (agent.programs[0]?.path ?? 'its services') : undefined,
    azure,
    'Install it as administrator, and set provisionVmAgent of the VM:\nhttps://aka.ms/vmagentwin',
  );

function judgePresence(where: string | undefined, azure: boolean, remedy: string): Result {
  if (azure && where !== undefined) return pass(where);
  if (azure) return fail('the VM agent is missing, and no backup extension can be installed without it', remedy);
  const found =
    where === undefined
      ? 'not on Azure: no VM agent is needed'
      : `${where}; a backup outside of Azure does not need it`;
  return { ...info(found), hidesDependants: true };
}

/** Package managers by their program, and what they call the agent. */
const INSTALL: readonly (readonly [string, string])[] = [
  ['/usr/bin/apt-get', 'apt-get install walinuxagent'],
  ['/usr/bin/tdnf', 'tdnf install WALinuxAgent'],
  ['/usr/bin/dnf', 'dnf install WALinuxAgent'],
  ['/usr/bin/yum', 'yum install WALinuxAgent'],
  ['/usr/bin/zypper', 'zypper install python-azure-agent'],
];

async function installCommand(system: System): Promise<string> {
  for (const [program, command] of INSTALL) if (await isThere(system, program)) return command;
  return 'PACKAGE-MANAGER install WALinuxAgent';
}

export const agentRuns: Check = {
  id: 'agent.running',
  group: 'agent',
  title: 'The VM agent runs, and starts at boot',
  dependsOn: ['agent.installed'],
  source: SOURCES.troubleshootAgent,
  async run(system, { evidence }) {
    if (!system.live) return skip('only a running machine has running services');
    if (system.platform === 'windows') return judgeWindowsServices(await evidence(gatherWindowsAgent));
    return judgeRunning(await evidence(gatherWaagent));
  },
};

/** `UnitFileState` values with which a unit starts at boot, or is not asked to by itself: systemctl(1). */
const STARTS_AT_BOOT = ['enabled', 'enabled-runtime', 'static', 'alias', 'indirect', 'generated'];

export function judgeRunning({ service, processes, libDir }: Waagent): Result {
  const daemon = processes.find(({ role }) => role === 'daemon');
  const state = service?.active ?? (daemon === undefined ? 'not running' : 'active');
  const name = service?.name ?? 'the agent';
  if (service?.enabled === 'masked')
    return fail(`${name} is masked`, `Let it start again:\n$ systemctl unmask ${name}\n${starts(service)}`);
  if (state !== 'active')
    return fail(`${name} is ${state}`, `Start it, and see why it stopped:\n${starts(service)}\n${logOf(service)}`);
  if (service?.enabled !== undefined && !STARTS_AT_BOOT.includes(service.enabled)) {
    return fail(
      `${name} runs, but is ${service.enabled}: it will be missing after a restart or a restore`,
      starts(service),
    );
  }
  if (daemon?.cwd?.startsWith(`${libDir}/`)) {
    return warn(
      `the daemon was started in ${daemon.cwd} and takes itself for that version (WALinuxAgent#546)`,
      restarts(service),
    );
  }
  if (daemon !== undefined && !processes.some(({ role }) => role === 'extensions')) {
    return warn(
      'the daemon runs, but not the part that runs extensions',
      `See why it ends:\n${logOf(service)}\n${restarts(service)}`,
    );
  }
  return pass([name, service?.active, service?.enabled].filter((word) => word !== undefined).join(', '));
}

const starts = (service: AgentService | undefined): string => {
  if (service === undefined) return '$ waagent -start';
  return service.kind === 'systemd' ? `$ systemctl enable --now ${service.name}` : `$ ${service.name} start`;
};

/** Also what other remedies end with: the agent reads its configuration at start only. */
export const restarts = (service: AgentService | undefined): string => {
  if (service === undefined) return 'Restart the agent.';
  return service.kind === 'systemd' ? `$ systemctl restart ${service.name}` : `$ ${service.name} restart`;
};

const logOf = (service: AgentService | undefined): string =>
  service?.kind === 'systemd' ? `$ journalctl -u ${service.name} -n 50` : `$ tail -n 50 ${LOG}`;

const LOG = '/var/log/waagent.log';

export const agentIsAlive: Check = {
  id: 'agent.heartbeat',
  group: 'agent',
  title: 'The VM agent reports to Azure',
  dependsOn: ['agent.running'],
  source: HEARTBEAT.source,
  async run(system, { evidence }) {
    if (!system.live) return skip('only a running machine has a heartbeat');
    const nowMs = system.clock.now().getTime();
    if (system.platform === 'windows') {
      return judgeWindowsHeartbeat(await evidence(gatherWindowsAgent), nowMs, windowsAgentLog(system));
    }
    const waagent = await evidence(gatherWaagent);
    const [statusMs, logMs] = await Promise.all([newestStatus(system, waagent), modifiedMs(system, LOG)]);
    return judgeHeartbeat({ nowMs, statusMs, logMs }, waagent.service);
  },
};

/** When the agent last left a trace; undefined where there is none, or where we may not look. */
export interface Traces {
  readonly nowMs: number;
  readonly statusMs: number | undefined;
  readonly logMs: number | undefined;
}

export function judgeHeartbeat({ nowMs, statusMs, logMs }: Traces, service: AgentService | undefined): Result {
  const ages = [statusMs, logMs].map((ms) => (ms === undefined ? undefined : Math.max(0, nowMs - ms)));
  const [statusAge, logAge] = ages;
  if (statusAge === undefined && logAge === undefined) {
    return warn('the agent has left neither a log nor a status', `See whether it ever started:\n${logOf(service)}`);
  }
  const youngest = Math.min(...ages.filter((age) => age !== undefined));
  const remedy = `See what it waits for, then restart it:\n$ tail -n 20 ${LOG}\n${restarts(service)}`;
  if (youngest <= HEARTBEAT.statusMs) return pass(`last sign of life ${ago(youngest)}`);
  if (youngest > HEARTBEAT.logMs)
    return fail(`the agent's last sign of life is ${ago(youngest).replace(' ago', ' old')}`, remedy);
  if (statusAge === undefined) return pass(`last line of the log ${ago(youngest)}`);
  return warn(
    `the agent's last status is ${ago(statusAge).replace(' ago', ' old')}: it should be renewed all the time`,
    remedy,
  );
}

const ago = (ms: number): string => {
  if (ms < 90_000) return `${Math.round(ms / 1000)} s ago`;
  return ms < 120 * 60_000 ? `${Math.round(ms / 60_000)} min ago` : `${Math.round(ms / 3_600_000)} h ago`;
};

/** `waagent_status.N.json` of older agents, `history/…/waagent_status.json` of newer ones (2.9 and later). */
async function newestStatus(system: System, { libDir }: Waagent): Promise<number | undefined> {
  const here = (await readableList(system, libDir)).filter((name) => /^waagent_status(\.\d+)?\.json$/.test(name));
  const folders = (await readableList(system, `${libDir}/history`)).filter((name) => !name.endsWith('.zip'));
  const paths = [
    ...here.map((name) => `${libDir}/${name}`),
    ...folders.map((name) => `${libDir}/history/${name}/waagent_status.json`),
  ];
  const times = await Promise.all(paths.map((path) => modifiedMs(system, path)));
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}
