import type { UserError } from '../errors.ts';
import type { ScriptError } from '../scripts/script.ts';
import type { Platform } from '../system/system.ts';
import { type Check, fail, pass, type Result, skip, warn } from './check.ts';
import { SOURCES } from './limits.ts';
import { gatherScripts, type ScriptsHere } from './scripts.ts';

/** What all checks of scripts have in common; on a disk of another machine owners and interpreters mean nothing. */
export const SCRIPTS_ANYWHERE = { group: 'apps', needsRoot: true } as const;
/** Of files that Microsoft's extension reads: that for Windows runs no scripts, and has none. */
export const SCRIPT_CHECK = { ...SCRIPTS_ANYWHERE, platforms: ['linux'] } as const;
export const NOT_LIVE = 'scripts are run by a running machine only';

/** A file that cannot be read takes its scripts out of the backup, and Azure reports success all the same. */
export const scriptConfigIsValid: Check = {
  ...SCRIPTS_ANYWHERE,
  id: 'app.script-config',
  title: 'What names the pre and post scripts is valid',
  source: `${SOURCES.appConsistent}; azure-linux-extensions VMBackup/main/PluginHost.py (2026-08)`,
  async run(system, { evidence }) {
    if (!system.live) return skip(NOT_LIVE);
    return judgeScriptConfig(await evidence(gatherScripts));
  },
};

export function judgeScriptConfig({ configFault, problems, scripts }: ScriptsToName): Result {
  const faults = [
    ...(configFault === undefined ? [] : [configFault]),
    ...problems.filter(({ code }) => CONFIG_CODES.includes(code)),
  ];
  if (faults.length > 0) return fail(told(faults), remedies(faults));
  return pass(
    scripts.length === 0 ? 'no scripts are configured' : `found: ${scripts.map(({ name }) => name).join(', ')}`,
  );
}

type ScriptsToName = Pick<ScriptsHere, 'configFault' | 'problems' | 'scripts'>;

const CONFIG_CODES: readonly string[] = [
  'script.config',
  'script.host-config',
  'script.missing',
  'script.unknown-plugin',
];

/** Scripts run as root (LocalSystem): whoever can write one, or a folder above it, is root at the next backup. */
export const scriptsAreSafe: Check = {
  ...SCRIPTS_ANYWHERE,
  id: 'app.script-perm',
  title: 'Nobody else can change the scripts and what names them',
  source: `${SOURCES.appConsistent}; folders above are our own rule, since Microsoft's extension does not look at them`,
  async run(system, { evidence }) {
    if (!system.live) return skip(NOT_LIVE);
    return judgePermissions(await evidence(gatherScripts), system.platform);
  },
};

export function judgePermissions(
  { problems, passedOver }: Pick<ScriptsHere, 'problems' | 'passedOver'>,
  platform: Platform,
): Result {
  const faults = problems.filter(({ code }) => code === 'script.permissions');
  if (faults.length > 0) return fail(told(faults), remedies(faults));
  if (passedOver.length === 0) return pass('nobody but root, or administrators on Windows');
  if (platform === 'windows') {
    return warn(
      `passed over, because Windows does not start such files: ${passedOver.join(', ')}`,
      'Rename it to end in .cmd, .bat, .ps1 or .exe, or move it elsewhere.',
    );
  }
  return warn(
    `passed over, because not executable: ${passedOver.join(', ')}`,
    `Let it run, or move it elsewhere:\n${passedOver.map((path) => `$ chmod 700 ${path}`).join('\n')}`,
  );
}

const SHOWN = 3;

/** As many as can be read; the others come to light when these are mended. */
export function told(faults: readonly (UserError | ScriptError)[]): string {
  const shown = [...new Set(faults.map(({ message }) => message))];
  const more = shown.length > SHOWN ? `; and ${shown.length - SHOWN} more` : '';
  return `${shown.slice(0, SHOWN).join('; ')}${more}`;
}

/** Each once, a command on a line of its own: whoever made the error did not know where it would be shown. */
export const remedies = (faults: readonly (UserError | ScriptError)[]): string =>
  [...new Set(faults.map(({ remedy }) => remedy ?? 'Correct the file.'))]
    .flatMap((remedy) => remedy.split('\n'))
    .map((line) => (/^(chmod|chown|sed) /.test(line) ? `$ ${line}` : line))
    .join('\n');
