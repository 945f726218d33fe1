import { shebang } from '../scripts/runnable.ts';
import type { Script, ScriptError, ScriptStage } from '../scripts/script.ts';
import { baseName } from '../system/processes.ts';
import { readableLink, readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { NOT_LIVE, remedies, SCRIPTS_ANYWHERE, told } from './apps-scripts.ts';
import { type Check, type CheckContext, pass, type Result, skip, warn } from './check.ts';
import { SOURCES } from './limits.ts';
import { gatherScripts, type ScriptsHere } from './scripts.ts';
import { bashisms } from './scripts-bashisms.ts';

/** A command of a script as it stands on the disk. */
export interface ScriptText {
  readonly path: string;
  readonly source: Script['source'];
  readonly text: string;
}

export interface ShebangSigns {
  /** What keeps a script from being started at all: its line ends, its interpreter, its mode. */
  readonly problems: readonly ScriptError[];
  readonly texts: readonly ScriptText[];
  /** Which program `/bin/sh` is: `dash`, `bash`, `busybox`; undefined when it cannot be told. */
  readonly shell: string | undefined;
}

/** Written on Windows, or for another shell than the one that will run it. */
export const scriptsCanStart: Check = {
  ...SCRIPTS_ANYWHERE,
  id: 'app.script-shebang',
  title: 'Each script is run by what it was written for',
  dependsOn: ['app.script-config', 'app.script-perm'],
  source: `${SOURCES.appConsistent}; azure-linux-extensions VMBackup/main/ScriptRunner.py (2026-08): it runs sh SCRIPT`,
  async run(system, context) {
    if (!system.live) return skip(NOT_LIVE);
    if (system.platform === 'windows') return judgeExtensions(await context.evidence(gatherScripts));
    return judgeShebangs(await gatherShebangs(system, context));
  },
};

async function gatherShebangs(system: System, { evidence }: CheckContext): Promise<ShebangSigns> {
  const { scripts, problems } = await evidence(gatherScripts);
  const commands = scripts.flatMap(({ source, ...script }) =>
    (['pre', 'post'] satisfies ScriptStage[]).flatMap((stage) => {
      const path = script[stage]?.path;
      return path === undefined ? [] : [{ path, source }];
    }),
  );
  const unique = [...new Map(commands.map((command) => [command.path, command])).values()];
  const texts = await Promise.all(
    unique.map(async (command) => ({ ...command, text: await startOf(system, command.path) })),
  );
  return { problems, texts, shell: await shellOf(system) };
}

/** As `runnable` reads it: what is larger is no script. */
const MAX_BYTES = 1024 * 1024;

async function startOf(system: System, path: string): Promise<string> {
  const stat = await system.stat(path);
  return stat === undefined || stat.sizeBytes > MAX_BYTES ? '\0' : ((await readableText(system, path)) ?? '');
}

async function shellOf(system: System): Promise<string | undefined> {
  const target = (await readableLink(system, '/bin/sh')) ?? (await readableLink(system, '/usr/bin/sh'));
  const name = target === undefined ? undefined : baseName(target);
  // Debian once led it through an alternative.
  return name === 'sh' ? baseName((await readableLink(system, '/etc/alternatives/sh')) ?? '') || undefined : name;
}

/** On Windows a file's extension says by what it is run, and the command interpreter does not take every name. */
export function judgeExtensions({ problems, scripts }: Pick<ScriptsHere, 'problems' | 'scripts'>): Result {
  const cannotStart = notRunnable(problems);
  if (cannotStart !== undefined) return cannotStart;
  return pass(scripts.length === 0 ? 'no scripts are configured' : `${scripts.length} looked at`);
}

function notRunnable(problems: readonly ScriptError[]): Result | undefined {
  const faults = problems.filter(({ code }) => code === 'script.not-runnable');
  return faults.length === 0 ? undefined : warn(told(faults), remedies(faults));
}

/** Those that know no more than POSIX asks for. bash that is called as sh still knows its own language. */
const PLAIN_SHELLS = ['dash', 'busybox', 'ash', 'posh'];

export function judgeShebangs({ problems, texts, shell }: ShebangSigns): Result {
  const cannotStart = notRunnable(problems);
  if (cannotStart !== undefined) return cannotStart;
  if (texts.length === 0) return pass('no scripts are configured');
  const plain = shell !== undefined && PLAIN_SHELLS.includes(shell);
  const wrong = texts.map((text) => complaint(text, plain ? shell : undefined)).filter((each) => each !== undefined);
  const [first] = wrong;
  if (first === undefined) return pass(`${texts.length} looked at`);
  return warn(wrong.map(({ what }) => what).join('; '), [...new Set(wrong.map(({ remedy }) => remedy))].join('\n'));
}

interface Complaint {
  readonly what: string;
  readonly remedy: string;
}

/** Microsoft's extension hands every script to sh, whatever its first line says. */
const WRAP = 'Give the extension a script for sh with one line, which calls yours: exec /PATH/TO/YOURS "$@"';

function complaint({ path, source, text }: ScriptText, plainShell: string | undefined): Complaint | undefined {
  const [firstLine = ''] = text.split('\n', 1);
  const language = text.includes('\0') ? 'a binary' : languageOf(firstLine);
  const bySh = language === 'sh' || source === 'azure';
  if (!text.includes('\0') && text.includes('\r\n')) {
    return {
      what: `${path} has the line ends of Windows (CRLF)`,
      remedy: `$ sed -i 's/\\r$//' ${path}`,
    };
  }
  if (source === 'azure' && language !== 'sh' && language !== 'bash') {
    return { what: `${path} is for ${language}, but Microsoft's extension runs it with sh`, remedy: WRAP };
  }
  const [bashism] = bySh && plainShell !== undefined ? bashisms(text) : [];
  if (bashism === undefined) return undefined;
  const who = language === 'sh' ? 'its first line asks for sh' : "Microsoft's extension runs it with sh";
  return {
    what: `${path}:${bashism.line} uses ${bashism.what}, but ${who}, which is ${plainShell} here`,
    remedy: language === 'sh' ? 'Write #!/bin/bash as its first line, or keep to what POSIX knows.' : WRAP,
  };
}

const SHELLS: Readonly<Record<string, string>> = { sh: 'sh', dash: 'sh', ash: 'sh', bash: 'bash', rbash: 'bash' };

/** `sh`, `bash`, or the name of another interpreter; no first line means sh: execvp(3). */
export function languageOf(firstLine: string): string {
  const [path, argument = ''] = shebang(firstLine);
  if (path === undefined) return 'sh';
  const name =
    baseName(path) === 'env' ? baseName(argument.replace(/^-S\s+/, '').split(/\s/)[0] ?? '') : baseName(path);
  return SHELLS[name] ?? name;
}
