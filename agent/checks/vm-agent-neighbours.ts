import { baseName, type Process, runningProcesses } from '../system/processes.ts';
import type { System } from '../system/system.ts';
import { azureLimit } from './azure.ts';
import { type Check, info, pass, type Result, warn } from './check.ts';
import { SOURCES } from './limits.ts';
import { PRODUCTS } from './other-products.ts';
import { installedOnWindows } from './other-versions.ts';
import { gatherWindowsScanners, judgeWindowsScanners } from './windows-scanners.ts';

/** Programs by the name of their process, and who makes them. */
type Known = Readonly<Record<string, string>>;

const VIRUS_SCANNERS: Known = {
  wdavdaemon: 'Microsoft Defender',
  clamd: 'ClamAV',
  clamonacc: 'ClamAV',
  'falcon-sensor': 'CrowdStrike Falcon',
  ds_agent: 'Trend Micro Deep Security',
  savd: 'Sophos',
  sophos_threat_detector: 'Sophos',
  cbagentd: 'Carbon Black',
  's1-agent': 'SentinelOne',
  kesl: 'Kaspersky',
  oaeventd: 'ESET',
  mfetpd: 'Trellix',
};

/** The folders of the agent's extensions: a scanner that takes a program out of them breaks the backup. */
export const noVirusScanner: Check = {
  id: 'agent.av-exclusions',
  group: 'agent',
  title: 'No virus scanner looks into the extensions',
  dependsOn: ['agent.installed'],
  source: `${SOURCES.troubleshoot}; the folders of Linux are our own addition`,
  async run(system, { evidence }) {
    if (system.platform === 'windows') return judgeWindowsScanners(await gatherWindowsScanners(system));
    return judgeScanners(known(await evidence(runningProcesses), VIRUS_SCANNERS));
  },
};

export const judgeScanners = (scanners: readonly string[]): Result =>
  scanners.length === 0
    ? pass('none is known to run here')
    : info(`${scanners.join(', ')} runs here`, 'Exclude /var/lib/waagent and /var/log/azure from its scans.');

const BACKUP_AGENTS: Known = Object.fromEntries(
  PRODUCTS.filter(({ resident }) => resident).flatMap(({ name, programs }) =>
    programs.map((program) => [program, name]),
  ),
);

/** Two that take snapshots of one machine stand in each other's way when their hours meet. */
export const noOtherBackup: Check = {
  id: 'agent.other-backup',
  group: 'agent',
  title: 'No other backup agent works here',
  source: SOURCES.troubleshoot,
  async run(system, { facts, evidence }) {
    if (system.platform === 'windows') return azureLimit(facts, judgeOthers(await residentOnWindows(system)));
    return azureLimit(facts, judgeOthers(known(await evidence(runningProcesses), BACKUP_AGENTS)));
  },
};

export const judgeOthers = (others: readonly string[]): Result =>
  others.length === 0
    ? pass('none is known to run here')
    : warn(`${others.join(', ')} runs here too`, 'Give the two different hours, or let one of them do the work.');

/** By the list of what is installed: what stays and works by itself runs as a service. */
async function residentOnWindows(system: System): Promise<readonly string[]> {
  const installed = await installedOnWindows(system);
  return PRODUCTS.filter(({ resident }) => resident)
    .filter(({ listedAs }) => installed.some(({ name }) => listedAs?.test(name)))
    .map(({ name }) => name);
}

/** Makers of the known programs among the processes, each once. */
const known = (processes: readonly Process[], programs: Known): readonly string[] => {
  // The kernel cuts names at 15 bytes; a program may have renamed itself, so both are looked at.
  const names = new Set(processes.flatMap(({ name, argv }) => [name, baseName(argv[0] ?? '')]));
  return [
    ...new Set(
      Object.keys(programs)
        .filter((name) => names.has(name) || names.has(name.slice(0, 15)))
        .map((name) => programs[name] ?? name),
    ),
  ];
};
