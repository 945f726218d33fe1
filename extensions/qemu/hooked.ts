import { baseName, type Process, runningProcesses } from '../../agent/system/processes.ts';
import { readableText } from '../../agent/system/readable.ts';
import type { System } from '../../agent/system/system.ts';

export const SERVICE = 'qemu-guest-agent.service';
const ASK_MS = 5000;

/**
 * Which hook qemu-ga runs around a freeze: `unknown` is one whose path a unit takes from a variable, and is taken for the
 * dispatcher, which is what distributions set it to; `none`: it runs none; `undefined`: a path of somebody else's.
 */
export type Hook = { readonly path: string } | 'unknown' | 'none';

/**
 * By the command line of the one that runs, else of its unit (Red Hat's has `--fsfreeze-hook`, Debian's has not), else by its
 * configuration file, which the command line overrides: qemu-ga(8).
 */
export async function hookOf(system: System, defaultHook: string, configFile: string | undefined): Promise<Hook> {
  const running = (await runningProcesses(system)).find(isGuestAgent);
  const argv = running?.argv ?? (await argvOfUnit(system));
  const byArgv = hookInArgv(argv, defaultHook);
  if (byArgv !== 'none' || configFile === undefined) return byArgv;
  const path = hookInConfig((await readableText(system, configFile)) ?? '');
  return path === undefined ? 'none' : { path };
}

const isGuestAgent = ({ name, argv }: Process): boolean => [name, baseName(argv[0] ?? '')].includes('qemu-ga');

async function argvOfUnit(system: System): Promise<readonly string[]> {
  const { stdout } = await system.run(['systemctl', 'cat', SERVICE], { timeoutMs: ASK_MS });
  return (stdout.match(/^ExecStart=.+$/gm)?.at(-1) ?? '').split(/\s+/);
}

/** `-F`, `-FPATH`, `--fsfreeze-hook` or `--fsfreeze-hook=PATH`; without a path the one that was built in. */
export function hookInArgv(argv: readonly string[], defaultHook: string): Hook {
  const option = argv.findLast((word) => /^(-F|--fsfreeze-hook(=|$))/.test(word));
  if (option === undefined) return 'none';
  const path = option.replace(/^(-F|--fsfreeze-hook=?)/, '');
  if (path.includes('$')) return 'unknown';
  return { path: path === '' ? defaultHook : path };
}

/** `fsfreeze-hook=PATH` in `[general]` of qemu-ga.conf. */
export function hookInConfig(text: string): string | undefined {
  let section = '';
  let path: string | undefined;
  for (const line of text.split('\n')) {
    section = /^\s*\[(.*)\]\s*$/.exec(line)?.[1] ?? section;
    const value = /^\s*fsfreeze-hook\s*=\s*(.*?)\s*$/.exec(line)?.[1];
    if (section === 'general' && value !== undefined) path = value;
  }
  return path === '' ? undefined : path;
}
