import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Recipe } from './recipes.ts';

const OPTIONS = [
  ...['--mode=root', '--variant=minbase', '--aptopt=Acquire::Languages "none"'],
  ...['doc', 'locale'].map((folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`),
  '--dpkgopt=path-include=/usr/share/doc/quiesced/*',
  // It is copied, used once and thrown away: it need not survive a power loss, nor know its manuals by heart.
  '--dpkgopt=force-unsafe-io',
  '--customize-hook=rm -f "$1/var/lib/man-db/auto-update"',
];

/**
 * Ended before its time, it leaves no process, and no /proc, /sys or /dev of this machine mounted in what is removed then.
 */
const ENCLOSED = ['--fork', '--pid', '--kill-child', '--mount', '--mount-proc', '--'];

/** Why there can be none here; undefined when there can. */
export function whyNoRootfs(): string | undefined {
  if (process.geteuid?.() !== 0) return 'a root folder of its own needs root';
  const missing = ['mmdebstrap', 'unshare', 'dpkg-deb'].filter((name) => spawnSync(name, ['--version']).error);
  return missing.length === 0 ? undefined : `not installed here: ${missing.join(', ')}; sh test/packages/setup.sh`;
}

/**
 * The folder, made once and kept outside the tree by its recipe; to be copied, never changed. Two that make it at once
 * do not get in each other's way: the first one stays.
 */
export function rootfs({ suite, packages, stale }: Recipe): string {
  const options = stale === true ? [...OPTIONS, '--aptopt=Acquire::Check-Valid-Until "false"'] : OPTIONS;
  const cache = process.env.QUIESCED_PACKAGES_CACHE ?? join(homedir(), '.cache/quiesced-packages');
  const key = createHash('sha256')
    .update([suite, ...packages, ...options].join('\n'))
    .digest('hex')
    .slice(0, 12);
  const folder = join(cache, key);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const making = mkdtempSync(join(cache, 'making-'));
  try {
    const argv = [...options, `--include=${packages.join(',')}`, suite, join(making, 'root')];
    const { status, stderr } = spawnSync('unshare', [...ENCLOSED, 'mmdebstrap', ...argv], {
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`mmdebstrap: ${stderr}`);
    if (!existsSync(folder)) renameSync(join(making, 'root'), folder);
    return folder;
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}
