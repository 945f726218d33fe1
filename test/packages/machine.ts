import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { ROOT, versionOf } from '../../packaging/repository.ts';
import { FOR_PACKAGES, type Recipe } from './recipes.ts';
import { rootfs, whyNoRootfs } from './rootfs.ts';

/** Another one than the last that was made: QUIESCED_TEST_DEB. */
export const DEB = process.env.QUIESCED_TEST_DEB ?? join(ROOT, `dist/packages/quiesced_${versionOf()}_amd64.deb`);

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A root folder of its own, in which commands see no process, network or mount but their own. Nothing in it boots. */
export interface Machine {
  readonly root: string;
  /** Runs a line of shell to its end. */
  run(line: string): Ended;
  /** The same, while the test goes on. */
  start(line: string): ChildProcess;
  put(path: string, text: string, mode?: number): void;
  read(path: string): string;
  has(path: string): boolean;
  /** Every path there is, but for what any package leaves behind: dpkg's own records, logs and caches. */
  everything(): readonly string[];
}

const LIMIT_MS = 120_000;

/** With the package for Debian in /srv. */
export function packageTest(
  name: string,
  work: (t: Test, machine: Machine) => Promise<void>,
  recipe: Recipe = FOR_PACKAGES,
): void {
  const why = existsSync(DEB) ? false : `no ${DEB}; npm run package:deb makes it`;
  const withPackage = async (t: Test, machine: Machine) => {
    copyFileSync(DEB, join(machine.root, 'srv/quiesced.deb'));
    await work(t, machine);
  };
  machineTest(name, why, withPackage, recipe);
}

/** @param skip why it cannot be done here, besides what a root folder of its own asks for. */
export function machineTest(
  name: string,
  skip: string | false,
  work: (t: Test, machine: Machine) => Promise<void>,
  recipe: Recipe = FOR_PACKAGES,
): void {
  t.test(name, { skip: skip || (whyNoRootfs() ?? false), timeout: 280_000 }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'quiesced-package-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const root = join(folder, 'root');
    execFileSync('cp', ['-a', '--reflink=auto', rootfs(recipe), root]);
    mkdirSync(join(root, 'srv'), { recursive: true });
    await work(t, machineAt(root));
  });
}

/** `--kill-child` with a pid namespace: whatever a line leaves running ends with it. */
const within = (root: string, line: string): readonly string[] => [
  ...['--mount', '--pid', '--fork', '--kill-child', '--net', '--ipc', '--uts', `--root=${root}`, '--mount-proc'],
  // The test runner puts itself into every process that it sees started.
  ...['--wd=/', '/bin/sh', '-c', `unset NODE_OPTIONS; ${line}`],
];

function machineAt(root: string): Machine {
  const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', HOME: '/root' };
  const at = (path: string) => join(root, path);
  return {
    root,
    run(line) {
      const options = { env, timeout: LIMIT_MS, encoding: 'utf8', killSignal: 'SIGKILL' } as const;
      const { status, stdout, stderr } = spawnSync('/usr/bin/unshare', within(root, line), options);
      return { code: status, stdout, stderr };
    },
    start: (line) => spawn('/usr/bin/unshare', within(root, line), { env, stdio: ['pipe', 'pipe', 'pipe'] }),
    put(path, text, mode = 0o644) {
      mkdirSync(dirname(at(path)), { recursive: true });
      writeFileSync(at(path), text, { mode });
    },
    read: (path) => readFileSync(at(path), 'utf8'),
    has: (path) => existsSync(at(path)),
    everything: () =>
      execFileSync('find', ['.', '-mindepth', '1', ...LEFT_BY_ANY.flatMap(pruned), '-print'], {
        cwd: root,
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024,
      })
        .split('\n')
        .sort(),
  };
}

const LEFT_BY_ANY = ['var/lib/dpkg', 'var/cache', 'var/log/dpkg.log', 'var/log/apt', 'tmp', 'proc', 'dev'];
const pruned = (path: string): readonly string[] => ['-path', `./${path}`, '-prune', '-o'];
