import { PATHS } from '../system/paths.ts';
import type { Platform, System } from '../system/system.ts';
import { isProgram } from './runnable.ts';
import type { Script } from './script.ts';

export interface Hooks {
  /** By name. They run in this order before the freeze and in the reverse after it. */
  readonly scripts: readonly Script[];
  /** Names that were passed over: no program, or what editors and package managers leave behind. */
  readonly ignored: readonly string[];
}

/** Also those of run-parts(8) and of the dispatcher that qemu-ga brings along (`fsfreeze-hook`). */
export const LEFTOVERS = /^\.|~$|\.bak$|\.dpkg-[a-z]+$|\.rpm(?:save|new|orig)$/;

/**
 * The programs in `hooks.d`. Each is called with one argument: `freeze` before, and after it `thaw`, or `freeze-failed`
 * when the freeze was not reached or did not hold. No folder means no hooks.
 */
export async function readHooks(
  system: System,
  options: { readonly timeoutMs: number; readonly retries: number },
): Promise<Hooks> {
  const folder = PATHS[system.platform].hooks;
  const scripts: Script[] = [];
  const ignored: string[] = [];
  for (const name of (await system.list(folder)) ?? []) {
    const path = `${folder}${SEPARATOR[system.platform]}${name}`;
    if (LEFTOVERS.test(name) || !(await isProgram(system, path))) ignored.push(name);
    else scripts.push(hook(name, path, options));
  }
  return { scripts, ignored };
}

const SEPARATOR: Readonly<Record<Platform, string>> = { linux: '/', windows: '\\' };

const hook = (name: string, path: string, { timeoutMs, retries }: { timeoutMs: number; retries: number }): Script => ({
  source: 'hook',
  name,
  pre: { path, args: ['freeze'] },
  post: { path, args: [] },
  timeoutMs,
  preRetries: retries,
  postRetries: retries,
  required: false,
});
