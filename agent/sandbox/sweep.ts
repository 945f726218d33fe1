import { join } from 'node:path';
import { messageOf } from '../errors.ts';
import type { System } from '../system/system.ts';
import { OWNER_FILE, removeSandbox, SANDBOX_BASE, SANDBOX_PREFIX, type SandboxOptions } from './images.ts';
import { isGone, parseOwner } from './owner.ts';

export interface Swept {
  readonly removed: readonly string[];
  /** What should have gone and could not. */
  readonly failed: readonly { readonly folder: string; readonly why: string }[];
}

export interface SweepOptions {
  /** A file system that is still frozen can be unmounted, but stays in the kernel, frozen: whoever froze it thaws. */
  readonly beforeRemoval?: (folder: string) => Promise<void>;
}

/** Between making the folder and writing who owns it lies a moment: an ownerless folder this old was left behind. */
const OWNERLESS_MS = 60_000;

/** Removes the sandboxes that a killed process left behind, mounted or not. Never throws for a single one. */
export async function sweepSandboxes(
  system: System,
  { baseDir = SANDBOX_BASE, beforeRemoval }: SandboxOptions & SweepOptions = {},
): Promise<Swept> {
  const removed: string[] = [];
  const failed: { folder: string; why: string }[] = [];
  const names = (await system.list(baseDir)) ?? [];
  for (const name of names.filter((known) => known.startsWith(SANDBOX_PREFIX))) {
    const path = join(baseDir, name);
    try {
      if (!(await isLeftBehind(system, path))) continue;
      await beforeRemoval?.(path);
      await removeSandbox(system, await realPath(system, path));
      removed.push(path);
    } catch (error) {
      failed.push({ folder: path, why: messageOf(error) });
    }
  }
  return { removed, failed };
}

/** The base folder may be everybody's: what is not a folder of root alone is somebody's trap, and stays. */
async function isLeftBehind(system: System, path: string): Promise<boolean> {
  if ((await system.readLink(path)) !== undefined) return false;
  const stat = await system.stat(path);
  if (stat?.kind !== 'directory' || stat.uid !== 0 || stat.mode !== 0o700) return false;
  const text = await system.readText(join(path, OWNER_FILE));
  const owner = text === undefined ? undefined : parseOwner(text);
  if (owner === undefined) return system.clock.now().getTime() - stat.modifiedMs > OWNERLESS_MS;
  return isGone(system, owner);
}

async function realPath(system: System, path: string): Promise<string> {
  const { exitCode, stdout } = await system.run(['realpath', '-e', system.resolve(path)], { timeoutMs: 5000 });
  if (exitCode !== 0) throw new Error(`${path} has gone`);
  return stdout.trim();
}
