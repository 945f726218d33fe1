import { type RegistryValue, sameValue } from '../system/registry.ts';
import type { System } from '../system/system.ts';
import { WINHTTP_PATH, winHttpProxy } from '../system/winhttp-windows.ts';
import {
  formatConnectionSettings,
  NO_CONNECTION,
  parseConnectionSettings,
  saysSame,
  withProxy,
} from './connection-settings.ts';
import { type OurValue, planOurValue } from './kept-values.ts';
import { type ProxySettings, urlOf } from './settings.ts';
import type { ProxyTarget, ProxyValue } from './target.ts';
import { windowsBypass } from './windows-bypass.ts';

const INTERNET_SETTINGS = 'Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings';
/** LocalSystem's, as which services run, the VM agent and its extensions among them. */
export const LOCAL_SYSTEM = `HKU\\S-1-5-18\\${INTERNET_SETTINGS}`;
/** Below `Connections`: what WinINet goes by, and what it falls back to. */
export const CONNECTION_BLOBS: readonly string[] = ['DefaultConnectionSettings', 'SavedLegacySettings'];

/** WinINet of LocalSystem, where Microsoft's "use an HTTP proxy for VM backups" (2018) has people set it. */
export const localSystem: ProxyTarget = {
  id: 'local-system',
  platforms: ['windows'],
  about: 'services that run as LocalSystem (WinINet)',
  isHere: async (system) => system.registry !== undefined,
  read: (system) => internetSettings(system, LOCAL_SYSTEM),
  plan: (system, wanted) => planAll(system, wininetValues(wanted)),
};

/** What programs without a user's settings take: Windows Update, and many services. */
export const winHttp: ProxyTarget = {
  id: 'winhttp',
  platforms: ['windows'],
  about: 'services by WinHTTP',
  isHere: async (system) => system.registry !== undefined,

  async read(system) {
    const value = await system.registry?.read(WINHTTP_PATH);
    const { proxy, bypass } = winHttpProxy(value);
    if (proxy === '') return [];
    return [
      { path: WINHTTP_PATH, name: 'proxy', value: proxy },
      ...(bypass === '' ? [] : [{ path: WINHTTP_PATH, name: 'bypass', value: bypass }]),
    ];
  },

  plan: (system, wanted) => planAll(system, [{ path: WINHTTP_PATH, wanted: wanted && (() => winHttpValue(wanted)) }]),
};

function winHttpValue(wanted: ProxySettings): RegistryValue {
  const { server, bypass } = texts(wanted);
  return { type: 'sz', data: `${server} ${bypass}` };
}

/** The proxy of a user's Internet Settings; nothing where it is switched off. */
export async function internetSettings(
  { registry }: Pick<System, 'registry'>,
  key: string,
): Promise<readonly ProxyValue[]> {
  const enabled = await registry?.read(`${key}\\ProxyEnable`);
  if (enabled?.type !== 'dword' || enabled.data === 0) return [];
  const values = ['ProxyServer', 'ProxyOverride'].map(async (name) => {
    const value = await registry?.read(`${key}\\${name}`);
    return value?.type === 'sz' && value.data !== '' ? [{ path: `${key}\\${name}`, name, value: value.data }] : [];
  });
  return (await Promise.all(values)).flat();
}

export const CURRENT_USER = `HKCU\\${INTERNET_SETTINGS}`;

function wininetValues(wanted: ProxySettings | undefined): readonly OurValue[] {
  const plain = (name: string, value: RegistryValue | undefined): OurValue => ({
    path: `${LOCAL_SYSTEM}\\${name}`,
    wanted: value && (() => value),
  });
  const { server, bypass } = wanted === undefined ? { server: undefined, bypass: undefined } : texts(wanted);
  return [
    plain('ProxyEnable', wanted && { type: 'dword', data: 1 }),
    plain('ProxyServer', server === undefined ? undefined : { type: 'sz', data: server }),
    plain('ProxyOverride', bypass === undefined ? undefined : { type: 'sz', data: bypass }),
    ...CONNECTION_BLOBS.map((name) => ({
      path: `${LOCAL_SYSTEM}\\Connections\\${name}`,
      wanted: wanted && ((present: RegistryValue | undefined) => connection(present, wanted)),
      same: sameConnection,
    })),
  ];
}

/** The same bytes where they say the same, so that applying it twice changes nothing. */
function connection(present: RegistryValue | undefined, wanted: ProxySettings): RegistryValue {
  const before = blobOf(present) ?? NO_CONNECTION;
  const after = withProxy(before, texts(wanted));
  return present !== undefined && saysSame(before, after) ? present : binary(formatConnectionSettings(after));
}

/** WinINet counts a change of its own without saying anything else. */
function sameConnection(a: RegistryValue | undefined, b: RegistryValue | undefined): boolean {
  const [one, other] = [blobOf(a), blobOf(b)];
  return one === undefined || other === undefined ? sameValue(a, b) : saysSame(one, other);
}

const texts = (wanted: ProxySettings) => ({
  server: urlOf(wanted).replace('http://', ''),
  bypass: windowsBypass(wanted.bypass),
});

const binary = (data: string): RegistryValue => ({ type: 'binary', data });

const blobOf = (value: RegistryValue | undefined) =>
  value?.type === 'binary' ? parseConnectionSettings(value.data) : undefined;

const planAll = async (system: System, values: readonly OurValue[]) =>
  (await Promise.all(values.map((value) => planOurValue(system, value)))).flat();
