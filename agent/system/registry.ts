import { isDeepStrictEqual } from 'node:util';

/** One value of the Windows registry; plain data, to be kept on disk. */
export type RegistryValue =
  | { readonly type: 'dword'; readonly data: number }
  | { readonly type: 'sz'; readonly data: string }
  /** Texts, none of them empty: an empty one is where the list ends. */
  | { readonly type: 'multi-sz'; readonly data: readonly string[] }
  /** In hexadecimal digits, lower case. */
  | { readonly type: 'binary'; readonly data: string };

/**
 * The part of `System` that only Windows has. A path is its key and its name: `HKU\S-1-5-18\…\ProxyEnable`; one that ends
 * with a backslash is the key's nameless value. `valuePath` makes one of a name that may have backslashes itself.
 */
export interface Registry {
  /** Undefined where there is no such value or key. Throws for one of another type. */
  read(path: string): Promise<RegistryValue | undefined>;
  /** Makes its key, too. */
  write(path: string, value: RegistryValue): Promise<void>;
  /** Done also when there is none. The key stays. */
  remove(path: string): Promise<void>;
  /** Names of the keys right below one, `HKLM\SOFTWARE\Microsoft`, in its order; none where there is no such key. */
  keys(key: string): Promise<readonly string[]>;
  /** Names of the values of a key, the nameless one as ''; none where there is no such key. */
  names(key: string): Promise<readonly string[]>;
}

/** Told from a file by the root key that it begins with; see `winhttp-windows.ts` for the last one. */
export const isRegistryPath = (path: string): boolean => /^(HK(LM|U|CU)|WinHTTP)\\/.test(path);

export const sameValue = (a: RegistryValue | undefined, b: RegistryValue | undefined): boolean =>
  isDeepStrictEqual(a, b);

/** Whether what was read back from JSON is a value. */
export function isRegistryValue(value: unknown): value is RegistryValue {
  const { type, data } = (value ?? {}) as { readonly type?: unknown; readonly data?: unknown };
  if (type === 'dword') return typeof data === 'number';
  if (type === 'multi-sz') return Array.isArray(data) && data.every((text) => typeof text === 'string');
  return (type === 'sz' || type === 'binary') && typeof data === 'string';
}

/** No key has an empty name, so that two backslashes can say where a key ends whose value has one in its own name. */
const NAME_FOLLOWS = '\\\\';

/** The path of a value by its key and any name that `names` has given. */
export const valuePath = (key: string, name: string): string =>
  `${key}${name.includes('\\') ? NAME_FOLLOWS : '\\'}${name}`;

/** A path taken apart again. */
export function placeOf(path: string): { readonly key: string; readonly name: string } {
  const [told, last] = [path.indexOf(NAME_FOLLOWS), path.lastIndexOf('\\')];
  if (told >= 0) return { key: path.slice(0, told), name: path.slice(told + NAME_FOLLOWS.length) };
  return { key: path.slice(0, Math.max(last, 0)), name: path.slice(last + 1) };
}

/** Of a live Windows; what asks exists on no other system. */
export function registryOf({ registry }: { readonly registry?: Registry }): Registry {
  if (registry === undefined) throw new Error('there is no registry to be read here');
  return registry;
}

type WithRegistry = Parameters<typeof registryOf>[0];

/** A number; undefined where there is no such value, or it is none. */
export async function registryNumber(system: WithRegistry, path: string): Promise<number | undefined> {
  const value = await registryOf(system).read(path);
  return value?.type === 'dword' ? value.data : undefined;
}

/** The texts of a list; none where there is no such value, or it is no list. */
export async function registryList(system: WithRegistry, path: string): Promise<readonly string[]> {
  const value = await registryOf(system).read(path);
  return value?.type === 'multi-sz' ? value.data : [];
}

/** A text; undefined where there is no such value, or it is none. */
export async function registryText(system: WithRegistry, path: string): Promise<string | undefined> {
  const value = await registryOf(system).read(path);
  return value?.type === 'sz' ? value.data : undefined;
}
