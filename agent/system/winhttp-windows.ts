import { kernel32 } from './kernel32.ts';
import { openLibrary } from './native.ts';
import type { RegistryValue } from './registry.ts';
import { windowsError } from './windows-error.ts';

/**
 * The proxy of WinHTTP, as if it were a value of the registry: `HOST:PORT`, and after a blank the list of those that are
 * reached without it. Windows keeps it in a form that nobody documents and that has changed, so that it is left to
 * WinHTTP's own calls to read and write it.
 */
export const WINHTTP_PATH = 'WinHTTP\\default\\proxy';

/** WINHTTP_ACCESS_TYPE_… of winhttp.h. */
const NO_PROXY = 1;
const NAMED_PROXY = 3;

/** Undefined: WinHTTP goes directly. */
export function readWinHttp(): RegistryValue | undefined {
  const info = { access: 0, proxy: null as string | null, bypass: null as string | null };
  if (api().get(info) === 0) throw windowsError('the proxy of WinHTTP cannot be read', kernel32().lastError());
  if (info.access !== NAMED_PROXY || info.proxy === null) return undefined;
  return winHttpValue(info.proxy, info.bypass ?? '');
}

/** WinHTTP takes semicolons and blanks between proxies alike; here a blank is what comes before the exceptions. */
export const winHttpValue = (proxy: string, bypass: string): RegistryValue => ({
  type: 'sz',
  data: [proxy.trim().replace(/\s+/g, ';'), bypass.trim()].join(' ').trimEnd(),
});

/** Undefined: directly. Takes effect for who starts a session of WinHTTP from now on. */
export function writeWinHttp(value: RegistryValue | undefined): void {
  const { proxy, bypass } = winHttpProxy(value);
  const info =
    proxy === ''
      ? { access: NO_PROXY, proxy: null, bypass: null }
      : { access: NAMED_PROXY, proxy, bypass: bypass === '' ? null : bypass };
  if (api().set(info) === 0) throw windowsError('the proxy of WinHTTP cannot be set', kernel32().lastError());
}

/** The two parts of such a value; empty where there is none. */
export function winHttpProxy(value: RegistryValue | undefined): { readonly proxy: string; readonly bypass: string } {
  const [, proxy = '', bypass = ''] = /^(\S*)\s*(.*)$/.exec(value?.type === 'sz' ? value.data : '') ?? [];
  return { proxy, bypass };
}

let bound: ReturnType<typeof bind> | undefined;
function api() {
  bound ??= bind();
  return bound;
}

function bind() {
  const { library, koffi } = openLibrary('winhttp.dll');
  // WINHTTP_PROXY_INFO. The few bytes of the texts that it gives out are not given back: it is asked a few times at most.
  const info = koffi.struct({ access: 'uint32', proxy: 'str16', bypass: 'str16' });
  return {
    get: library.func('WinHttpGetDefaultProxyConfiguration', 'int', [koffi.out(koffi.pointer(info))]),
    set: library.func('WinHttpSetDefaultProxyConfiguration', 'int', [koffi.pointer(info)]),
  };
}
