/**
 * `npm run build`: the bundle that is installed, in `dist/` or the folder that is given. `dist/quiesced.mjs` runs with
 * the pinned Node and nothing else: `node dist/quiesced.mjs --health`.
 */
import { cpSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, build, type OnResolveArgs } from 'esbuild';
import { SOURCES } from '../agent/service/units.ts';
import { packageFolder } from './npm-package.ts';
import { ROOT, read, versionOf } from './repository.ts';

/** koffi finds its native file by a path that a bundler cannot follow: it stays a package, beside the bundle. */
const KOFFI = ['package.json', 'LICENSE.txt', 'index.js', 'index.cjs', 'src'];
/** What it was built from, and with, stays behind. */
const isProgram = (path: string): boolean =>
  statSync(path).isDirectory() ? !path.endsWith('/abi') : /LICENSE|(?<!trampolines)\.(c?js|json)$/.test(path);

/** CommonJS in the bundle (axios brings some) asks for Node's modules with `require`, which an ES module does not have. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

const COMMON = {
  outExtension: { '.js': '.mjs' },
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  external: ['koffi'],
  legalComments: 'linked',
  logLevel: 'warning',
} as const satisfies BuildOptions;

/**
 * Makes the bundle. What is imported on use stays a chunk of its own: `--health` and the guard load as little as they
 * do from the sources. Names and line breaks stay too, for the sake of stack traces.
 *
 * @param entrances further ones, by their names in `lib`.
 * @param natives what of the scope `@koromix` goes with it: koffi's native files. Without it, all that are installed.
 */
export async function bundle(
  folder: string,
  natives: readonly string[] = installedNatives(),
  entrances: Readonly<Record<string, string>> = {},
): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  await build({
    ...COMMON,
    entryPoints: absolute({ run: 'agent/cli/run.ts', windows: WINDOWS_PARTS, ...entrances }),
    outdir: join(folder, 'lib'),
    splitting: true,
    define: { QUIESCED_VERSION: JSON.stringify(versionOf()), QUIESCED_UNITS: JSON.stringify(units()) },
    banner: { js: REQUIRE },
  });
  // The entrance has all that it needs for --health in itself: one file is read, where the chunks would be a dozen.
  await build({
    ...COMMON,
    entryPoints: { quiesced: join(ROOT, 'agent/main.ts') },
    outdir: folder,
    // Never reached from here: --health starts no program.
    external: [...COMMON.external, 'execa'],
    plugins: [
      { name: 'the rest', setup: ({ onResolve }) => onResolve({ filter: /\/(run|windows-parts)\.ts$/ }, theRest) },
    ],
  });
  const modules = join(folder, 'node_modules');
  for (const name of KOFFI) {
    cpSync(join(ROOT, 'node_modules/koffi', name), join(modules, 'koffi', name), {
      recursive: true,
      filter: isProgram,
    });
  }
  for (const part of natives) {
    const [name = '', ...inside] = part.split('/');
    const from = join(packageFolder(`@koromix/${name}`), ...inside);
    cpSync(from, join(modules, '@koromix', part), { recursive: true });
  }
}

const absolute = (entrances: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(entrances).map(([name, path]) => [name, join(ROOT, path)]));

const installedNatives = (): readonly string[] => readdirSync(join(ROOT, 'node_modules/@koromix'));

const WINDOWS_PARTS = 'agent/system/windows-parts.ts';
const REST: Readonly<Record<string, string>> = {
  './cli/run.ts': './lib/run.mjs',
  './windows-parts.ts': './lib/windows.mjs',
};

function theRest({ path }: OnResolveArgs) {
  const chunk = REST[path];
  return chunk === undefined ? undefined : { path: chunk, external: true };
}

const units = (): Record<string, string> => Object.fromEntries(SOURCES.map((name) => [name, read(`systemd/${name}`)]));

if (import.meta.main) await bundle(process.argv[2] ?? join(ROOT, 'dist'));
