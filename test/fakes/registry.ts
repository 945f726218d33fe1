import { placeOf, type Registry, type RegistryValue, valuePath } from '../../agent/system/registry.ts';

/** A registry in memory: paths in any case, as the real one has them. */
export interface FakeRegistry extends Registry {
  /** All values by path. */
  readonly values: ReadonlyMap<string, RegistryValue>;
}

export function fakeRegistry(given: Readonly<Record<string, RegistryValue>> = {}): FakeRegistry {
  const values = new Map(Object.entries(given).map(([path, value]) => [idOf(path), value]));
  const spelled = new Map(Object.keys(given).map((path) => [idOf(path), path]));
  const places = () => [...values.keys()].map((id) => placeOf(spelled.get(id) ?? id));
  const isSame = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
  return {
    values,
    read: async (path) => values.get(idOf(path)),
    async write(path, value) {
      values.set(idOf(path), value);
      spelled.set(idOf(path), path);
    },
    async remove(path) {
      values.delete(idOf(path));
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

/** In any case, and whichever way its name is told from its key. */
function idOf(path: string): string {
  const { key, name } = placeOf(path);
  return valuePath(key, name).toLowerCase();
}
