/** One value of the Windows registry; plain data, to be kept on disk. */
export type RegistryValue =
  | { readonly type: 'dword'; readonly data: number }
  | { readonly type: 'sz'; readonly data: string }
  /** In hexadecimal digits, lower case. */
  | { readonly type: 'binary'; readonly data: string };

/**
 * The part of `System` that only Windows has. A path is its key and its name: `HKU\S-1-5-18\…\ProxyEnable`; one that ends
 * with a backslash is the key's nameless value.
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
  a?.type === b?.type && a?.data === b?.data;

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

/** A text; undefined where there is no such value, or it is none. */
export async function registryText(system: WithRegistry, path: string): Promise<string | undefined> {
  const value = await registryOf(system).read(path);
  return value?.type === 'sz' ? value.data : undefined;
}
