import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';
import { type HookLimits, hookText } from '../../extensions/qemu/hook.ts';

/** Debian's package, unpacked and never installed. */
export interface GuestAgent {
  readonly folder: string;
  readonly program: string;
}

/** Throws where apt-get has no package: these tests are about that very dispatcher. */
export function unpackGuestAgent(t: Test): GuestAgent {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-qemu-ga-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const apt = (...args: readonly string[]) =>
    spawnSync('apt-get', ['-qq', ...args], { cwd: folder, encoding: 'utf8', timeout: 60_000 });
  if (apt('download', 'qemu-guest-agent').status !== 0) {
    apt('update');
    const { status, stderr } = apt('download', 'qemu-guest-agent');
    if (status !== 0) throw new Error(`apt-get download: ${stderr}`);
  }
  const [deb = ''] = globSync('*.deb', { cwd: folder });
  execFileSync('dpkg-deb', ['-x', deb, folder], { cwd: folder });
  return { folder, program: join(folder, 'usr/sbin/qemu-ga') };
}

/** What the guest agent would do to its hook: Debian's dispatcher, with /run and /var/log those of the private root. */
export interface Machine {
  readonly root: string;
  /** Runs the dispatcher; what the hooks said is in its log. */
  dispatch(verb: 'freeze' | 'thaw', env?: Readonly<Record<string, string>>): { status: number | null; tookMs: number };
  readonly log: () => string;
  /** Our hook, calling a program of the test instead of quiesced; returns the file that it notes its calls in. */
  fakeQuiesced(script: string, limits?: HookLimits): string;
  read(path: string): string;
  put(path: string, text: string, mode?: number): void;
  has(path: string): boolean;
  /** What is in /run/quiesced. */
  runs(): readonly string[];
  /** Everything below /etc, with modes and texts. */
  etc(): readonly string[];
}

export const HOOK = '/etc/qemu/fsfreeze-hook.d/10-quiesced';
export const HELD = '/run/quiesced/qemu-guest-agent.held';
const LOG = '/var/log/qga-fsfreeze-hook.log';

/** Mounts of its own, so that the absolute paths of dispatcher and hook lead into the private root. */
const IN_ROOT =
  'mount --bind "$0/run" /run && mount --bind "$0/var/log" /var/log && exec "$0/etc/qemu/fsfreeze-hook" "$1"';

export function machineIn(root: string, { folder }: GuestAgent): Machine {
  for (const path of ['run', 'var/log']) mkdirSync(join(root, path), { recursive: true });
  cpSync(join(folder, 'etc/qemu'), join(root, 'etc/qemu'), { recursive: true });
  const read = (path: string) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : '');
  const put = (path: string, text: string, mode = 0o644) => {
    mkdirSync(dirname(join(root, path)), { recursive: true, mode: 0o755 });
    writeFileSync(join(root, path), text);
    chmodSync(join(root, path), mode);
  };
  return {
    root,
    dispatch(verb, env = {}) {
      const startedMs = performance.now();
      const { status } = spawnSync('unshare', ['--mount', 'sh', '-c', IN_ROOT, root, verb], {
        env: { PATH: process.env.PATH, ...env },
        stdio: 'ignore',
        timeout: 60_000,
      });
      return { status, tookMs: performance.now() - startedMs };
    },
    log: () => read(LOG),
    fakeQuiesced(script, limits) {
      put('/opt/quiesced', `#!/bin/sh\necho "$@" >>${root}/calls\n${script}\n`, 0o755);
      put(HOOK, hookText([join(root, 'opt/quiesced')], 'found', limits), 0o755);
      return '/calls';
    },
    read,
    put,
    has: (path) => existsSync(join(root, path)),
    runs: () => readdirSync(join(root, 'run/quiesced')),
    etc: () =>
      globSync('etc/**/*', { cwd: root })
        .sort()
        .map((path) => {
          const stat = lstatSync(join(root, path));
          return `${path} ${stat.mode.toString(8)} ${stat.isFile() ? read(`/${path}`) : ''}`;
        }),
  };
}
