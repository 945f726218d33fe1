import type { Registry, RegistryValue } from '../../agent/system/registry.ts';

/** A registry in memory: paths in any case, as the real one has them. */
export interface FakeRegistry extends Registry {
  /** All values by path. */
  readonly values: ReadonlyMap<string, RegistryValue>;
}

export function fakeRegistry(given: Readonly<Record<string, RegistryValue>> = {}): FakeRegistry {
  const values = new Map(Object.entries(given).map(([path, value]) => [path.toLowerCase(), value]));
  const spelled = new Map(Object.keys(given).map((path) => [path.toLowerCase(), path]));
  /** What stands behind a key in the paths of all values, as it was spelled first. */
  const below = (key: string): readonly string[] =>
    [...values.keys()]
      .filter((path) => path.startsWith(`${key.toLowerCase()}\\`))
      .map((path) => (spelled.get(path) ?? path).slice(key.length + 1));
  return {
    values,
    read: async (path) => values.get(path.toLowerCase()),
    async write(path, value) {
      values.set(path.toLowerCase(), value);
      spelled.set(path.toLowerCase(), path);
    },
    async remove(path) {
      values.delete(path.toLowerCase());
    },
    keys: async (key) => [
      ...new Set(below(key).flatMap((path) => (path.includes('\\') ? (path.split('\\')[0] ?? '') : []))),
    ],
    names: async (key) => below(key).filter((path) => !path.includes('\\')),
  };
}
