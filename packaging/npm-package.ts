import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, read } from './repository.ts';

/** An entry of package-lock.json, version 3, as far as it is asked here. */
export interface Locked {
  readonly version: string;
  /** `sha512-` and the digest in base64; of every package that comes from a registry. */
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: true;
  readonly optional?: true;
}

/** What the lock file pins, by its place below `node_modules`, which is its name where npm keeps one version only. */
export const locked = (): ReadonlyMap<string, Locked> =>
  new Map(
    Object.entries((JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> }).packages)
      .filter(([path]) => path !== '')
      .map(([path, entry]) => [path.replace(/^node_modules\//, ''), entry]),
  );

/**
 * The folder with the files of a package of npm that the lock file pins. npm installs none of another architecture:
 * such a one is fetched by npm once, held against the lock file's digest, and kept beside the installed ones.
 *
 * Throws when the lock file does not know it, when npm cannot get it, or when its digest is another one.
 */
export function packageFolder(name: string): string {
  const installed = join(ROOT, 'node_modules', name);
  return existsSync(join(installed, 'package.json')) ? installed : fetched(name);
}

function fetched(name: string): string {
  const { version, integrity } = locked().get(name) ?? {};
  if (version === undefined || integrity === undefined) throw new Error(`package-lock.json does not pin ${name}`);
  const cache = join(ROOT, 'node_modules/.cache/quiesced-packaging');
  const folder = join(cache, `${name.replace('/', '+')}-${version}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const making = mkdtempSync(join(cache, 'fetching-'));
  try {
    const pack = ['pack', '--silent', '--ignore-scripts', `--pack-destination=${making}`, `${name}@${version}`];
    execFileSync('npm', pack, { cwd: making, stdio: ['ignore', 'ignore', 'inherit'] });
    const [archive = ''] = readdirSync(making);
    assertDigest(name, join(making, archive), integrity);
    // npm's archives have everything in one folder, `package` by custom.
    execFileSync('tar', ['-xzf', archive, '--strip-components=1', '--no-same-owner'], { cwd: making });
    rmSync(join(making, archive));
    // Somebody who fetched it at the same time has the same.
    if (!existsSync(folder)) renameSync(making, folder);
    return folder;
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

function assertDigest(name: string, archive: string, wanted: string): void {
  const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (found !== wanted) throw new Error(`${name} is not what package-lock.json pins: ${found}, not ${wanted}`);
}
