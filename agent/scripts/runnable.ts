import { cmdCannotTake, windowsProgram } from '../system/command-line-windows.ts';
import { whyNotStartable } from '../system/spawn.ts';
import type { FileStat, System } from '../system/system.ts';
import { distrust } from '../system/trust.ts';
import { AZURE_CODES, type Command, type Script, ScriptError, type ScriptStage } from './script.ts';

/** More than any script that a person wrote; what is larger is left to the kernel to look into. */
const MAX_SCRIPT_BYTES = 1024 * 1024;

/**
 * The argv that runs a script the way its author expects: the file itself where its first line says by what, /bin/sh
 * where it says nothing (execvp(3)). Throws a `ScriptError` when it may not or cannot run.
 *
 * The check is by path and the kernel opens the path again, because a script that is run through a descriptor does not
 * find itself in `$0`. Nobody can put another file there in between: every folder on the way is root's alone.
 */
export async function runnable(system: System, script: Script, stage: ScriptStage): Promise<readonly string[]> {
  const command = script[stage];
  if (command === undefined) throw new Error(`${script.name} has no ${stage} command`);
  const at: At = { script, stage, command };
  const stat = await system.stat(command.path);
  if (stat?.kind !== 'file') {
    throw refusal(at, 'missing', stat === undefined ? 'does not exist' : 'is not a file', 'Put the script there.');
  }
  const found = await distrust(system, command.path);
  if (found !== undefined) throw refusal(at, 'permissions', `may not run: ${found.what}`, found.remedy);
  // By its extension, when it is started.
  if (system.platform === 'windows') return windowsArgv(at);
  return [...(await interpreter(system, at, stat)), system.resolve(command.path), ...command.args];
}

/** What keeps any of the commands from being run, found without running one: for `enter`, and for readiness. */
export async function scriptProblems(system: System, scripts: readonly Script[]): Promise<readonly ScriptError[]> {
  const problems: ScriptError[] = [];
  for (const script of scripts) {
    for (const stage of ['pre', 'post'] as const) {
      try {
        if (script[stage] !== undefined) await runnable(system, script, stage);
      } catch (error) {
        if (!(error instanceof ScriptError)) throw error;
        problems.push(error);
      }
    }
  }
  return problems;
}

/** Whether a file is meant to be run: a regular one with an execute bit, or on Windows with an extension for it. */
export async function isProgram(system: System, path: string): Promise<boolean> {
  const stat = await system.stat(path);
  if (stat?.kind !== 'file') return false;
  return system.platform === 'windows' ? windowsProgram(path) !== undefined : (stat.mode & 0o111) !== 0;
}

interface At {
  readonly script: Script;
  readonly stage: ScriptStage;
  readonly command: Command;
}

function windowsArgv(at: At): readonly string[] {
  const { path, args } = at.command;
  const how = windowsProgram(path);
  if (how === undefined) {
    throw refusal(at, 'failed', 'is no program', 'Scripts end in .cmd, .bat, .ps1 or .exe: rename it.');
  }
  if (how === 'cmd' && [path, ...args].some(cmdCannotTake)) {
    throw refusal(at, 'failed', 'has a % in its name, which cmd.exe takes for a variable', 'Rename it, or its folder.');
  }
  return [path, ...args];
}

/** What stands before the file in its argv; nothing where the kernel knows by itself. */
async function interpreter(system: System, at: At, stat: FileStat): Promise<readonly string[]> {
  const executable = (stat.mode & 0o111) !== 0;
  // Upstream hands its scripts to sh, so that mode 600 is enough for them (vmsnapshot-linux.md §5).
  if (!executable && at.script.source !== 'azure') {
    throw refusal(at, 'failed', 'is not executable', `chmod u+x ${at.command.path}`);
  }
  if (stat.sizeBytes > MAX_SCRIPT_BYTES) return [];
  const [firstLine = ''] = ((await system.readText(at.command.path)) ?? '').split('\n', 1);
  if (firstLine.includes('\0')) return [];
  // The kernel looks for an interpreter named "/bin/sh\r" and says "No such file" of the script itself.
  if (firstLine.endsWith('\r')) {
    throw refusal(at, 'failed', 'has the line ends of Windows (CRLF)', `sed -i 's/\\r$//' ${at.command.path}`);
  }
  const asked = shebang(firstLine);
  const [path] = asked;
  if (path === undefined) return ['/bin/sh'];
  if (whyNotStartable(path) !== undefined) {
    throw refusal(
      at,
      'failed',
      `asks for ${path}, which cannot be run`,
      `Install it, or correct the script's first line.`,
    );
  }
  return executable ? [] : asked;
}

/** The kernel reads no more of a script's first line: execve(2). */
const MAX_SHEBANG = 255;

/** The interpreter and one argument at most, blanks and all: execve(2). Empty where the line is something else. */
export function shebang(firstLine: string): readonly string[] {
  const [, path, argument] = /^#![ \t]*([^ \t]+)[ \t]*(.*)$/.exec(firstLine.slice(0, MAX_SHEBANG)) ?? [];
  if (path === undefined) return [];
  return argument === undefined || argument.trim() === '' ? [path] : [path, argument.trim()];
}

const refusal = (
  { script, stage, command }: At,
  kind: 'missing' | 'permissions' | 'failed',
  what: string,
  remedy: string,
): ScriptError =>
  new ScriptError(
    kind === 'failed' ? 'script.not-runnable' : `script.${kind}`,
    `the ${stage} script ${script.name}: ${command.path} ${what}`,
    {
      script: script.name,
      stage,
      file: command.path,
      required: script.required,
      remedy,
      ...(script.source === 'azure' ? { azureCode: AZURE_CODES[kind][stage] } : {}),
    },
  );
