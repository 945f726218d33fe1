import type { Registry, RegistryValue } from '../../agent/system/registry.ts';

/** A registry in memory: paths in any case, as the real one has them. */
export interface FakeRegistry extends Registry {
  /** All values by path. */
  readonly values: ReadonlyMap<string, RegistryValue>;
}

/** A name that has backslashes itself stands behind this, in place of the last one of its path. */
export const NAME = '\0';

export function fakeRegistry(given: Readonly<Record<string, RegistryValue>> = {}): FakeRegistry {
  const values = new Map(Object.entries(given).map(([path, value]) => [path.toLowerCase(), value]));
  const spelled = new Map(Object.keys(given).map((path) => [path.toLowerCase(), path]));
  const places = (): readonly { readonly key: string; readonly name: string }[] =>
    [...values.keys()].map((path) => {
      const written = spelled.get(path) ?? path;
      const at = written.includes(NAME) ? written.indexOf(NAME) : written.lastIndexOf('\\');
      return { key: written.slice(0, at), name: written.slice(at + 1) };
    });
  const isSame = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
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
    async keys(key) {
      const below = places().filter((place) => isSame(place.key.slice(0, key.length + 1), `${key}\\`));
      return [...new Set(below.map((place) => place.key.slice(key.length + 1).split('\\')[0] ?? ''))];
    },
    names: async (key) =>
      places()
        .filter((place) => isSame(place.key, key))
        .map(({ name }) => name),
  };
}
