import { isThere, readableText } from '../system/readable.ts';
import type { RunResult, System } from '../system/system.ts';
import { updatesItself } from '../system/waagent-conf.ts';
import { type Check, type CheckContext, fail, pass, type Result, skip, warn } from './check.ts';
import { AGENT_VERSION, SOURCES, WINDOWS_AGENT } from './limits.ts';
import { askWaagentVersion, gatherWaagent } from './waagent.ts';
import { compareVersions, parseWaagentVersion, type WaagentVersion } from './waagent-version.ts';
import { gatherWindowsAgent, judgeWindowsVersion } from './windows-agent.ts';

/** Python may take seconds to start, after a systemctl that does not answer: their deadlines, and what a busy machine adds. */
const TIMEOUT_MS = 20_000;

export const versionIsSupported: Check = {
  id: 'agent.version.linux',
  group: 'agent',
  title: 'The VM agent is not too old',
  platforms: ['linux'],
  dependsOn: ['agent.installed', 'agent.python'],
  timeoutMs: TIMEOUT_MS,
  source: AGENT_VERSION.source,
  async run(_system, { evidence }) {
    const asked = await evidence(askWaagentVersion);
    if (asked === undefined) return skip('the agent cannot be asked here');
    const { conf } = await evidence(gatherWaagent);
    return judgeVersion(parseWaagentVersion(asked.stdout), conf === undefined || updatesItself(conf));
  },
};

/** By the program itself: what runs is what its service starts. */
export const windowsVersionIsSupported: Check = {
  id: 'agent.version.windows',
  group: 'agent',
  title: 'The VM agent is not too old',
  platforms: ['windows'],
  dependsOn: ['agent.installed'],
  source: WINDOWS_AGENT.source,
  async run(_system, { evidence }) {
    return judgeWindowsVersion(await evidence(gatherWindowsAgent));
  },
};

export function judgeVersion(version: WaagentVersion | undefined, updating: boolean): Result {
  if (version === undefined) {
    return warn('the agent does not tell its version', 'See what it says:\n$ waagent --version');
  }
  const { daemon, goalState } = version;
  const said = daemon === goalState ? `agent ${daemon}` : `agent ${goalState} (package ${daemon})`;
  const update = 'Update its package from the distribution, never while a backup runs.';
  if (compareVersions(goalState, AGENT_VERSION.minimum) < 0) {
    return fail(`${said}; the least that is supported is ${AGENT_VERSION.minimum}`, update);
  }
  if (compareVersions(daemon, AGENT_VERSION.minimum) >= 0) return pass(said);
  return warn(
    `${said}: what runs is new enough, its package is not${updating ? '' : ', and it does not update itself'}`,
    update,
  );
}

/** The interpreters that the backup extension looks for, in its order: VMBackup/main/handle.sh. */
const EXTENSION_PYTHONS = [
  ...['3.8', '3.7', '3.6', '3.5', '3.4', '3.3', '3', '2.7', '2.6', '2', ''].map((version) => `python${version}`),
].flatMap((name) => [`/usr/bin/${name}`, `/usr/local/bin/${name}`]);

export const pythonWorks: Check = {
  id: 'agent.python',
  group: 'agent',
  title: 'Python works for the agent and the extension',
  platforms: ['linux'],
  dependsOn: ['agent.installed'],
  timeoutMs: TIMEOUT_MS,
  source: `${SOURCES.supportMatrix}; https://github.com/Azure/azure-linux-extensions/issues/946`,
  async run(system, context) {
    return judgePython(await gatherPython(system, context));
  },
};

/** Which Pythons there are, and what happened when the agent imported all of itself. */
export interface PythonSigns {
  readonly asked: RunResult | undefined;
  /** The first that the extension would find. */
  readonly ofExtension: string | undefined;
  /** First line of the agent's script, when it names an interpreter that is missing. */
  readonly missingInterpreter: string | undefined;
}

async function gatherPython(system: System, { evidence }: CheckContext): Promise<PythonSigns> {
  const { program } = await evidence(gatherWaagent);
  const there = await Promise.all(EXTENSION_PYTHONS.map((path) => isThere(system, path)));
  const shebang = /^#!\s*(\S+)/.exec((program && (await readableText(system, program))) ?? '')?.[1];
  return {
    asked: await evidence(askWaagentVersion),
    ofExtension: EXTENSION_PYTHONS[there.indexOf(true)],
    missingInterpreter: shebang === undefined || (await isThere(system, shebang)) ? undefined : shebang,
  };
}

export function judgePython({ asked, ofExtension, missingInterpreter }: PythonSigns): Result {
  if (missingInterpreter !== undefined) {
    return fail(
      `the agent's interpreter ${missingInterpreter} is missing`,
      'Install the Python that the package of the agent asks for, or reinstall that package.',
    );
  }
  if (asked?.ended === 'exited' && asked.exitCode !== 0) {
    return fail(`the agent does not start: ${lastLine(asked.stderr)}`, importRemedy(asked.stderr));
  }
  if (ofExtension === undefined) {
    return fail(
      'the backup extension finds no Python in /usr/bin or /usr/local/bin and ends with code 3',
      'Install the Python 3 of the distribution, and have /usr/bin/python3 point to it.',
    );
  }
  if (asked?.ended === 'timed-out')
    return warn('the agent does not answer', 'See what it waits for:\n$ waagent --version');
  const version = parseWaagentVersion(asked?.stdout ?? '')?.python;
  if (version?.startsWith('2.') || /python2/.test(ofExtension)) {
    return warn(
      `Python ${version ?? 2} is at its end`,
      'Install the Python 3 of the distribution and a VM agent that uses it.',
    );
  }
  return pass([version, ofExtension].filter((word) => word !== undefined).join(', '));
}

const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1)?.trim() || 'it says nothing';

/** Modules that left Python or never were part of it, and the reports that tell what helped. */
const MODULES: readonly (readonly [RegExp, string])[] = [
  [
    /No module named '?distro/,
    'The distro module is missing (WALinuxAgent#3207). Install python3-distro of the distribution.',
  ],
  [
    /No module named '?(imp|crypt)\b/,
    'This Python is too new for this agent (WALinuxAgent#3070, #3132). Update the package of the agent.',
  ],
];

const importRemedy = (stderr: string): string =>
  MODULES.find(([pattern]) => pattern.test(stderr))?.[1] ??
  'Use the Python of the distribution, reinstall the package of the agent, and see what it says:\n$ waagent --version';

export const opensslIsThere: Check = {
  id: 'agent.openssl',
  group: 'agent',
  title: 'openssl is there to open protected settings',
  platforms: ['linux'],
  dependsOn: ['agent.installed'],
  source: 'VMBackup/main/Utils/HandlerUtil.py; azurelinuxagent/common/conf.py',
  async run(system, { evidence }) {
    const { conf } = await evidence(gatherWaagent);
    const ofAgent = conf?.values.get('OS.OpensslPath') ?? '/usr/bin/openssl';
    const inPath = await Promise.all(
      ['/usr/bin', '/bin', '/usr/local/bin', '/usr/sbin'].map((folder) => isThere(system, `${folder}/openssl`)),
    );
    return judgeOpenssl(ofAgent, await isThere(system, ofAgent), inPath.includes(true));
  },
};

export function judgeOpenssl(ofAgent: string, agentHasIt: boolean, extensionHasIt: boolean): Result {
  if (agentHasIt && extensionHasIt) return pass(ofAgent);
  if (agentHasIt)
    return fail(
      `openssl is at ${ofAgent} only: the backup extension looks for it in PATH`,
      `$ ln -s ${ofAgent} /usr/bin/openssl`,
    );
  return fail(
    `${ofAgent} is missing: settings of extensions cannot be read`,
    extensionHasIt
      ? 'Correct OS.OpensslPath in the configuration of the agent.'
      : 'Install the openssl package of the distribution.',
  );
}
