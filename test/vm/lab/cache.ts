import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const UNUSED_MS = 24 * 60 * 60 * 1000;

/** Where images are kept: outside the tree, since they are large and outlive a clone. */
export const cacheFolder = (): string => {
  const folder = process.env.QUIESCED_VM_CACHE || join(homedir(), '.cache/quiesced-vm');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
};

/** Another recipe, another key. */
export const keyOf = (parts: readonly (string | Buffer)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex').slice(0, 16);
};

/**
 * The folder `NAME-KEY` of the cache, built by whoever wants it first; the others wait. What `build` leaves half done
 * is never taken for done. Folders of the same name that nobody has wanted for a day are removed.
 */
export async function cached(name: string, key: string, build: (folder: string) => Promise<void>): Promise<string> {
  const cache = cacheFolder();
  const folder = join(cache, `${name}-${key}`);
  // It is there as a whole or not at all: whoever builds another one is not waited for.
  if (!existsSync(folder)) {
    const unlock = await locked(join(cache, `${name}.lock`));
    try {
      if (!existsSync(folder)) await buildWhole(cache, name, folder, build);
    } finally {
      unlock();
    }
  }
  utimesSync(folder, new Date(), new Date());
  return folder;
}

async function buildWhole(cache: string, name: string, folder: string, build: (folder: string) => Promise<void>) {
  prune(cache, name);
  const half = `${folder}.half`;
  rmSync(half, { recursive: true, force: true });
  mkdirSync(half);
  await build(half);
  renameSync(half, folder);
}

function prune(cache: string, name: string): void {
  for (const entry of readdirSync(cache)) {
    const path = join(cache, entry);
    const old = Date.now() - statSync(path).mtimeMs > UNUSED_MS;
    if (old && entry.startsWith(`${name}-`)) rmSync(path, { recursive: true, force: true });
  }
}

/** flock(1) in a process that ends with us, however we end: its input does. */
async function locked(path: string): Promise<() => void> {
  const holder = spawn('flock', [path, 'sh', '-c', 'echo locked; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  await Promise.race([
    once(holder.stdout, 'data'),
    once(holder, 'exit').then(() => Promise.reject(new Error(`${path} cannot be locked`))),
  ]);
  return () => holder.stdin.end();
}
