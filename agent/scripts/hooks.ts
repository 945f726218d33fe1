import { PATHS } from '../system/paths.ts';
import type { Platform, System } from '../system/system.ts';
import { isProgram } from './runnable.ts';
import type { HookSource, Script } from './script.ts';

export interface Hooks {
  /** By name. They run in this order before the freeze and in the reverse after it. */
  readonly scripts: readonly Script[];
  /** Names that were passed over: no program, or what editors and package managers leave behind. */
  readonly ignored: readonly string[];
}

/** Also those of run-parts(8) and of the dispatcher that qemu-ga brings along (`fsfreeze-hook`). */
export const LEFTOVERS = /^\.|~$|\.bak$|\.dpkg-[a-z]+$|\.rpm(?:save|new|orig)$/;

export interface HookOptions {
  readonly timeoutMs: number;
  readonly retries: number;
  /** Folders of other worlds, whose programs run as they are; only where the configuration names them. */
  readonly qemuHooks?: string | undefined;
  readonly vmwareScripts?: string | undefined;
}

/**
 * The programs in `hooks.d`, and in the folders of others that are named. Each is called with one argument: `freeze`
 * before, and after it what `HOOK_WORDS` says. No folder means no hooks.
 */
export async function readHooks(system: System, options: HookOptions): Promise<Hooks> {
  const ours = await readFolder(system, PATHS[system.platform].hooks, 'hook', options);
  const qemu = await readFolder(system, options.qemuHooks, 'qemu-hook', options);
  const vmware = await readFolder(system, options.vmwareScripts, 'vmware-hook', options);
  // What others keep in their folders is theirs to explain.
  return { scripts: [...ours.scripts, ...qemu.scripts, ...vmware.scripts], ignored: ours.ignored };
}

async function readFolder(
  system: System,
  folder: string | undefined,
  source: HookSource,
  options: HookOptions,
): Promise<Hooks> {
  const scripts: Script[] = [];
  const ignored: string[] = [];
  if (folder === undefined) return { scripts, ignored };
  for (const name of (await system.list(folder)) ?? []) {
    const path = `${folder}${SEPARATOR[system.platform]}${name}`;
    if (LEFTOVERS.test(name) || !(await isProgram(system, path))) ignored.push(name);
    else scripts.push(hook(source, name, path, options));
  }
  return { scripts, ignored };
}

const SEPARATOR: Readonly<Record<Platform, string>> = { linux: '/', windows: '\\' };

const hook = (source: HookSource, name: string, path: string, { timeoutMs, retries }: HookOptions): Script => ({
  source,
  name,
  pre: { path, args: ['freeze'] },
  post: { path, args: [] },
  timeoutMs,
  preRetries: retries,
  postRetries: retries,
  required: false,
});
