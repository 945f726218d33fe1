/** One value of the Windows registry; plain data, to be kept on disk. */
export type RegistryValue =
  | { readonly type: 'dword'; readonly data: number }
  | { readonly type: 'sz'; readonly data: string }
  /** In hexadecimal digits, lower case. */
  | { readonly type: 'binary'; readonly data: string };

/** The part of `System` that only Windows has. A path is its key and its name: `HKU\S-1-5-18\…\ProxyEnable`. */
export interface Registry {
  /** Undefined where there is no such value or key. Throws for one of another type. */
  read(path: string): Promise<RegistryValue | undefined>;
  /** Makes its key, too. */
  write(path: string, value: RegistryValue): Promise<void>;
  /** Done also when there is none. The key stays. */
  remove(path: string): Promise<void>;
}

/** Told from a file by the root key that it begins with; see `winhttp-windows.ts` for the last one. */
export const isRegistryPath = (path: string): boolean => /^(HK(LM|U|CU)|WinHTTP)\\/.test(path);

export const sameValue = (a: RegistryValue | undefined, b: RegistryValue | undefined): boolean =>
  a?.type === b?.type && a?.data === b?.data;
