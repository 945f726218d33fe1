import { cpSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { ProxyParts } from '../../../agent/proxy/change.ts';
import { proxySettings } from '../../../agent/proxy/settings.ts';
import { type FakeSystem, type FakeSystemOptions, fakeSystem } from '../../fakes/system.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/proxy');

/** Every machine there is: see the README beside them. */
export const MACHINES: readonly string[] = readdirSync(FIXTURES, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

export const WANTED = proxySettings('http://10.0.0.8:3128', ['.internal.example'], 'test');

/** One of them in a private root. */
export function machineOf(t: Pick<Test, 'teardown'>, name: string, options: FakeSystemOptions = {}): FakeSystem {
  const system = fakeSystem(options);
  t.teardown(system.cleanUp);
  cpSync(join(FIXTURES, name), system.root, { recursive: true, verbatimSymlinks: true });
  return system;
}

/** As the command has it: nobody backs up. */
export const partsOf = (system: FakeSystem, busy?: string): ProxyParts => ({
  system,
  backupUnderWay: async () => busy,
});

/** All of the machine's files and folders by path, byte for byte; what we keep for ourselves left out. */
export function filesOf({ root }: Pick<FakeSystem, 'root'>): Readonly<Record<string, string>> {
  // Hidden ones too, which globs pass over: what a killed write leaves is one.
  const all = readdirSync(root, { recursive: true, encoding: 'utf8' });
  const paths = all.filter((path) => !/^(run|var)(\/|$)/.test(path));
  return Object.fromEntries(
    paths.sort().map((path) => {
      const stat = lstatSync(join(root, path));
      if (stat.isSymbolicLink()) return [path, `-> ${readlinkSync(join(root, path))}`];
      const bytes = stat.isDirectory() ? 'folder' : readFileSync(join(root, path), 'latin1');
      return [path, `${(stat.mode & 0o7777).toString(8)} ${bytes}`];
    }),
  );
}
