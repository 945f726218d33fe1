import { fileVersion } from '../system/pe-version.ts';
import { modifiedMs, readableList } from '../system/readable.ts';
import { registryOf } from '../system/registry.ts';
import type { ServiceState } from '../system/service-states.ts';
import type { System } from '../system/system.ts';
import { fail, pass, type Result, warn } from './check.ts';
import { WINDOWS_AGENT } from './limits.ts';
import { compareVersions } from './waagent-version.ts';
import { isOutOfOrder, servicesOf } from './windows-services.ts';

/** Azure's agent for Windows, as it shows itself. */
export interface WindowsAgent {
  /** Each WaAppAgent.exe that was found; no version where the file tells none. */
  readonly programs: readonly { readonly path: string; readonly version: string | undefined }[];
  /** Of them, the one that the service RdAgent starts. */
  readonly inUse: string | undefined;
  /** By name: `undefined` for one that is not installed. */
  readonly services: Readonly<Record<string, ServiceState | undefined>>;
  /** When its log was last written to. */
  readonly logMs: number | undefined;
  /** Whether the agent has ever spoken to its host: it keeps what that said in HKLM\SOFTWARE\Microsoft\GuestAgent. */
  readonly hasSpoken: boolean;
}

const PROGRAM = 'WaAppAgent.exe';
/** What starts at boot and looks after the other one, which runs the extensions. */
const STARTER = 'RdAgent';
const SERVICES = [STARTER, 'WindowsAzureGuestAgent'] as const;
const KEY = 'HKLM\\SOFTWARE\\Microsoft\\GuestAgent';

export const systemDrive = ({ env }: Pick<System, 'env'>): string => env.SystemDrive ?? 'C:';
const folder = (system: System): string => `${systemDrive(system)}\\WindowsAzure`;

export const windowsAgentLog = (system: System): string =>
  `${folder(system)}\\Logs\\${PROGRAM.replace('.exe', '.log')}`;

export async function gatherWindowsAgent(system: System): Promise<WindowsAgent> {
  const [names, services, keys, logMs] = await Promise.all([
    readableList(system, folder(system)),
    servicesOf(system, SERVICES),
    registryOf(system).names(KEY),
    modifiedMs(system, windowsAgentLog(system)),
  ]);
  const inUse = programOf(services[STARTER]?.program ?? '');
  const folders = names.filter((name) => name === 'Packages' || name.startsWith('GuestAgent_'));
  const paths = [...folders.map((name) => `${folder(system)}\\${name}\\${PROGRAM}`), ...(inUse ? [inUse] : [])];
  const known = [...new Map(paths.map((path) => [path.toLowerCase(), path])).values()];
  const programs = await Promise.all(
    known.map(async (path) => {
      const there = (await modifiedMs(system, path)) !== undefined;
      return there ? [{ path, version: (await fileVersion(system, path))?.product }] : [];
    }),
  );
  return { programs: programs.flat(), inUse, services, logMs, hasSpoken: keys.length > 0 };
}

/** The program in a service's command line: in quotes, or up to its `.exe`, however many blanks its path has. */
export const programOf = (commandLine: string): string | undefined => {
  const [, quoted, plain] = /^\s*(?:"([^"]+)"|(.+?\.exe)(?=\s|$))/i.exec(commandLine) ?? [];
  return quoted ?? plain;
};

export const isWindowsAgentInstalled = ({ programs, services }: WindowsAgent): boolean =>
  programs.length > 0 || Object.values(services).some((service) => service !== undefined);

/** By the program that the service starts; where that is not to be found, the newest. */
const programInUse = ({ programs, inUse }: WindowsAgent): WindowsAgent['programs'][number] | undefined =>
  programs.find(({ path }) => path.toLowerCase() === inUse?.toLowerCase()) ??
  programs.toSorted((a, b) => compareVersions(b.version ?? '0', a.version ?? '0'))[0];

const UPDATE = 'Install the newest VM agent, as administrator, never while a backup runs:\nhttps://aka.ms/vmagentwin';

export function judgeWindowsVersion(agent: WindowsAgent): Result {
  const program = programInUse(agent);
  if (program === undefined) return fail(`${PROGRAM} is not found, and so tells no version`, UPDATE);
  const { path, version } = program;
  if (version === undefined) return fail(`${path} tells no version: it is damaged, or not the agent`, UPDATE);
  const { forBackup, forSupport } = WINDOWS_AGENT;
  if (compareVersions(version, forBackup) < 0) {
    return fail(`agent ${version}; the least that a backup works with is ${forBackup}`, UPDATE);
  }
  if (compareVersions(version, forSupport) < 0) {
    return warn(`agent ${version} works, but the least that is supported is ${forSupport}`, UPDATE);
  }
  return pass(`agent ${version}`);
}

export function judgeWindowsServices({ services }: WindowsAgent): Result {
  for (const [name, service] of Object.entries(services)) {
    if (service === undefined) return fail(`the service ${name} is not installed`, UPDATE);
    const wrong = isOutOfOrder(service, { runs: true, starts: ['auto'] });
    if (wrong !== undefined) {
      return fail(
        `${name} ${wrong}`,
        `Let it start by itself, and start it:\n$ sc.exe config ${name} start= auto\n$ net start ${name}`,
      );
    }
  }
  return pass(`${Object.keys(services).join(' and ')} run`);
}

/**
 * The log gets a heartbeat every few seconds. Its time is that of the open file, which a stat asks for; what a folder
 * shows is older.
 */
export function judgeWindowsHeartbeat({ logMs, hasSpoken }: WindowsAgent, nowMs: number, log: string): Result {
  const remedy = `See what it waits for, then restart it:\n$ powershell Get-Content -Tail 20 '${log}'\n$ net stop RdAgent\n$ net start RdAgent`;
  if (!hasSpoken) {
    return warn(
      `the agent has never reached its host: there is nothing in ${KEY}`,
      `See net.wireserver80, then its log:\n$ powershell Get-Content -Tail 20 '${log}'`,
    );
  }
  if (logMs === undefined) return warn(`there is no ${log}`, remedy);
  const minutes = Math.max(0, Math.round((nowMs - logMs) / 60_000));
  if (nowMs - logMs <= WINDOWS_AGENT.heartbeatMs) return pass(`last line of the log ${minutes} min ago`);
  return fail(`the last line of the agent's log is ${minutes} min old: it writes one every few seconds`, remedy);
}
