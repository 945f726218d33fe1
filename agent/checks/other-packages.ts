import { holdersOf, type LockHolding } from '../system/lock-holders.ts';
import { type Process, runningProcesses } from '../system/processes.ts';
import { isThere, modifiedMs, readableList } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { azureLimit } from './azure.ts';
import { type Check, type CheckContext, pass, type Result, skip, warn } from './check.ts';
import { AGENT_UPDATE, SOURCES } from './limits.ts';
import { gatherWaagent } from './waagent.ts';
import { compareVersions } from './waagent-version.ts';

const QUERY_MS = 4000;

/** Who put the agent's program here. */
export interface Origin {
  readonly program: string;
  /** Undefined: no package has it. */
  readonly owner: string | undefined;
  /** How the distribution's own package is installed. */
  readonly install: string;
}

/** Installed from its source, nobody updates it, and the distribution's changes are missing. */
export const agentIsPackaged: Check = {
  id: 'agent.package-origin',
  group: 'agent',
  title: "The VM agent is the distribution's own",
  platforms: ['linux'],
  dependsOn: ['agent.installed'],
  // systemctl, which is asked before, has a deadline of its own.
  timeoutMs: 2 * QUERY_MS,
  source: SOURCES.prepare,
  async run(system, { facts, evidence }) {
    const { program } = await evidence(gatherWaagent);
    if (!system.live) return skip("only a running machine's packages can be asked");
    if (program === undefined) return skip('its program was not found');
    if (program.startsWith('/usr/share/oem/')) return pass('part of the image');
    const origin = await askOrigin(system, program);
    return origin === undefined ? skip('there is no package manager to ask') : azureLimit(facts, judgeOrigin(origin));
  },
};

export function judgeOrigin({ program, owner, install }: Origin): Result {
  if (owner !== undefined) return pass(owner);
  return warn(
    `no package has ${program}: it was installed from its source, and nobody updates it`,
    `Install the distribution's package over it:\n$ ${install}`,
  );
}

async function askOrigin(system: System, program: string): Promise<Origin | undefined> {
  const ask = (argv: readonly string[]) => system.run([...argv, system.resolve(program)], { timeoutMs: QUERY_MS });
  const [dpkg, rpm] = await Promise.all([ask(['dpkg', '-S']), ask(['rpm', '-qf'])]);
  const answers = [dpkg, rpm].filter(({ ended }) => ended === 'exited');
  if (answers.length === 0) return undefined;
  const owner = dpkg.exitCode === 0 ? dpkgOwner(dpkg.stdout) : rpm.exitCode === 0 ? rpm.stdout.trim() : undefined;
  const zypper = await isThere(system, '/usr/bin/zypper');
  const byRpm = zypper ? 'zypper install --force python-azure-agent' : 'dnf install WALinuxAgent';
  return { program, owner, install: dpkg.ended === 'exited' ? 'apt-get install --reinstall walinuxagent' : byRpm };
}

/** `walinuxagent: /usr/sbin/waagent`; a line on a diversion names no owner: dpkg-query(1). */
export const dpkgOwner = (output: string): string | undefined =>
  output
    .split('\n')
    .filter((line) => !/^(diversion by|local diversion)/.test(line))
    .flatMap((line) => /^([^\s:,]+)(?::\w+)?(?:,.*)?: \//.exec(line)?.[1] ?? [])[0];

/** What is being installed or replaced right now. */
export interface UpdateSigns {
  readonly locks: readonly LockHolding[];
  readonly managers: readonly string[];
  /** A version of the agent that it has just fetched and does not run yet. */
  readonly fetched: string | undefined;
}

/** The agent is restarted by its own update, and whatever extension it runs goes with it. */
export const nothingIsUpdated: Check = {
  id: 'agent.updating',
  group: 'agent',
  title: 'Nothing is being installed now',
  platforms: ['linux'],
  needsRoot: true,
  source: SOURCES.prepare,
  async run(system, context) {
    if (!system.live) return skip('only a running machine is updated');
    return judgeUpdate(await gatherUpdate(system, context));
  },
};

export function judgeUpdate({ locks, managers, fetched }: UpdateSigns): Result {
  const who = [...new Set([...locks.map(({ command, pid }) => `${command} (process ${pid})`), ...managers])];
  const remedy = 'Wait until it is done, then look again:\n$ quiesced check';
  if (who.length > 0) return warn(`${who.join(', ')} is at work: no backup while packages are changed`, remedy);
  if (fetched === undefined) return pass('no package manager is at work');
  return warn(`the VM agent has fetched its version ${fetched} and is about to restart`, remedy);
}

/** Those of dpkg, and of rpm in its old and its new place; zypper's and dnf's own are known by their processes. */
const LOCKS = [
  '/var/lib/dpkg/lock-frontend',
  '/var/lib/dpkg/lock',
  '/var/lib/rpm/.rpm.lock',
  '/usr/lib/sysimage/rpm/.rpm.lock',
];
const MANAGERS = ['dnf', 'dnf5', 'microdnf', 'yum', 'tdnf', 'zypper', 'transactional-update'];
/** The rest of their commands only asks. */
const CHANGES =
  /^(install|in|reinstall|remove|rm|erase|autoremove|update|up|upgrade|dist-upgrade|dup|distro-sync|patch)$/;

async function gatherUpdate(system: System, { evidence }: CheckContext): Promise<UpdateSigns> {
  const processes = await evidence(runningProcesses);
  const { libDir } = await evidence(gatherWaagent);
  const managers = processes.filter(({ name, argv }) => isManager(name) && argv.some(isChange));
  return {
    locks: await holdersOf(system, LOCKS),
    managers: managers.map(({ name, pid }) => `${name} (process ${pid})`),
    fetched: await justFetched(system, libDir, runningVersion(processes)),
  };
}

/** The kernel cuts names at 15 bytes. */
const isManager = (name: string): boolean => MANAGERS.some((manager) => manager.slice(0, 15) === name);
const isChange = (word: string): boolean => CHANGES.test(word);

/** `python3 -u bin/WALinuxAgent-2.11.1.4-py3.11.egg -run-exthandlers`; undefined for one that runs from its package. */
export const runningVersion = (processes: readonly Process[]): string | undefined =>
  processes
    .filter(({ argv }) => argv.some((word) => /^-*run-exthandlers$/.test(word)))
    .flatMap(({ argv }) => argv.flatMap((word) => /WALinuxAgent-(\d+(?:\.\d+)+)-/.exec(word)?.[1] ?? []))[0];

async function justFetched(system: System, libDir: string, running: string | undefined): Promise<string | undefined> {
  if (running === undefined) return undefined;
  const names = (await readableList(system, libDir)).filter((name) => /^WALinuxAgent-\d+(\.\d+)+(\.zip)?$/.test(name));
  for (const name of names) {
    const version = name.slice('WALinuxAgent-'.length).replace(/\.zip$/, '');
    const ageMs = system.clock.now().getTime() - ((await modifiedMs(system, `${libDir}/${name}`)) ?? 0);
    if (compareVersions(version, running) > 0 && ageMs < AGENT_UPDATE.ms) return version;
  }
  return undefined;
}
