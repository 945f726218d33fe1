import type { Registry, RegistryValue } from '../../agent/system/registry.ts';

/** A registry in memory: paths in any case, as the real one has them. */
export interface FakeRegistry extends Registry {
  /** All values by path. */
  readonly values: ReadonlyMap<string, RegistryValue>;
}

export function fakeRegistry(given: Readonly<Record<string, RegistryValue>> = {}): FakeRegistry {
  const values = new Map(Object.entries(given).map(([path, value]) => [path.toLowerCase(), value]));
  return {
    values,
    read: async (path) => values.get(path.toLowerCase()),
    async write(path, value) {
      values.set(path.toLowerCase(), value);
    },
    async remove(path) {
      values.delete(path.toLowerCase());
    },
  };
}
