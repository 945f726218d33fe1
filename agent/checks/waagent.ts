import { baseName, type Process, runningProcesses } from '../system/processes.ts';
import { isThere, readableLink, readableText } from '../system/readable.ts';
import type { RunResult, System } from '../system/system.ts';
import { LIB_DIR, parseWaagentConf, WAAGENT_CONFS, type WaagentConf } from '../system/waagent-conf.ts';
import { type AgentService, findAgentService } from '../system/waagent-unit.ts';
import type { CheckContext } from './check.ts';

/** The Azure Linux agent as it is found on this machine: evidence that several checks judge. */
export interface Waagent {
  readonly program: string | undefined;
  readonly service: AgentService | undefined;
  readonly processes: readonly AgentProcess[];
  readonly confPath: string;
  /** Undefined when there is no such file, or we may not read it. */
  readonly conf: WaagentConf | undefined;
  readonly confMissing: boolean;
  /** `Lib.Dir`: where extensions and certificates are. */
  readonly libDir: string;
}

export interface AgentProcess {
  readonly pid: number;
  /** The daemon starts the one that runs extensions, and starts it again when it ends. */
  readonly role: 'daemon' | 'extensions';
  readonly interpreter: string;
  readonly cwd: string | undefined;
}

/** Flatcar's is below /usr/share/oem. */
const PROGRAMS = ['/usr/sbin', '/usr/bin', '/usr/local/sbin', '/usr/local/bin', '/usr/share/oem/bin'].map(
  (folder) => `${folder}/waagent`,
);

/** Gathers once per run: `context.evidence(gatherWaagent)`. */
export async function gatherWaagent(system: System, context: CheckContext): Promise<Waagent> {
  const [program, confPath, service, processes] = await Promise.all([
    firstThere(system, PROGRAMS),
    firstThere(system, WAAGENT_CONFS),
    findAgentService(system, context.facts),
    context.evidence(runningProcesses).then((all) => agentProcesses(system, all)),
  ]);
  const text = confPath === undefined ? undefined : await readableText(system, confPath);
  const conf = text === undefined ? undefined : parseWaagentConf(text);
  return {
    program,
    service,
    processes,
    confPath: confPath ?? WAAGENT_CONFS[0] ?? '',
    conf,
    confMissing: confPath === undefined,
    libDir: conf?.values.get('Lib.Dir') ?? LIB_DIR,
  };
}

/** A left-over configuration or data folder does not make an agent. */
export const isInstalled = ({ program, service, processes }: Waagent): boolean =>
  program !== undefined || service !== undefined || processes.length > 0;

async function firstThere(system: System, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if (await isThere(system, path)) return path;
  return undefined;
}

const agentProcesses = (system: System, all: readonly Process[]): Promise<readonly AgentProcess[]> =>
  Promise.all(
    all.flatMap((process) => {
      const role = roleOf(process.argv);
      return role === undefined ? [] : [describe(system, process, role)];
    }),
  );

const describe = async (system: System, { pid, argv }: Process, role: AgentProcess['role']): Promise<AgentProcess> => ({
  pid,
  role,
  interpreter: argv[0] ?? '',
  cwd: await readableLink(system, `/proc/${pid}/cwd`),
});

/**
 * By its arguments: `python3 -u /usr/sbin/waagent -daemon` and
 * `python3 -u bin/WALinuxAgent-2.9.1.1-py3.8.egg -run-exthandlers`. Other commands of the agent are short-lived.
 */
export function roleOf(argv: readonly string[]): AgentProcess['role'] | undefined {
  const at = argv.findIndex((part) => /^(waagent|WALinuxAgent-.*\.egg)$/.test(baseName(part)));
  if (at < 0) return undefined;
  const command = argv.slice(at + 1).map((part) => part.replace(/^[-/]+/, ''));
  if (command.includes('daemon')) return 'daemon';
  return command.includes('run-exthandlers') ? 'extensions' : undefined;
}

const VERSION_MS = 8000;

/**
 * Runs `waagent --version`: the one way to have the agent import all of itself. It names its version after the folder
 * it is started in (azurelinuxagent/common/version.py, WALinuxAgent#546) and dies at once in one that was removed, so
 * this process must not stand in such a folder: then `env` changes to `/` first. Undefined on a disk of another machine.
 */
export async function askWaagentVersion(system: System, { evidence }: CheckContext): Promise<RunResult | undefined> {
  const { program, libDir } = await evidence(gatherWaagent);
  if (!system.live || program === undefined) return undefined;
  const cwd = (await readableLink(system, '/proc/self/cwd')) ?? '/';
  const outOfHere = cwd.startsWith(`${libDir}/`) || cwd.endsWith(' (deleted)') ? ['env', '--chdir=/'] : [];
  return system.run([...outOfHere, program, '--version'], { timeoutMs: VERSION_MS });
}
