import type { Config } from '../config/schema.ts';
import { UserError } from '../errors.ts';
import type { System } from '../system/system.ts';
import { type ProxySettings, proxySettings } from './settings.ts';
import { CURRENT_USER, internetSettings } from './windows.ts';
import { bypassOf } from './windows-bypass.ts';
import { urlOfServer } from './windows-server.ts';

/** What [proxy] says; undefined where it names no proxy. */
export const fromConfig = ({ proxy }: Pick<Config, 'proxy'>): ProxySettings | undefined =>
  proxy.url === undefined ? undefined : proxySettings(proxy.url, proxy.bypass, '[proxy] url');

/**
 * What programs that are started from here use. Azure's traffic is HTTPS, so that `https_proxy` comes first. Throws a
 * `UserError` when there is none (`proxy.none`) and for what cannot be used: see `proxySettings`.
 */
export function fromEnvironment({ env }: Pick<System, 'env'>, bypass: readonly string[]): ProxySettings {
  const [name, url] = first(env, ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY']) ?? [];
  if (name === undefined || url === undefined) {
    throw new UserError('proxy.none', 'the environment names no proxy: there is neither https_proxy nor http_proxy', {
      remedy: 'sudo takes them away: use sudo -E, or give the address: --url http://HOST:PORT',
    });
  }
  const [, list] = first(env, ['no_proxy', 'NO_PROXY']) ?? [];
  return proxySettings(/^\w+:\/\//.test(url) ? url : `http://${url}`, [...items(list ?? ''), ...bypass], name);
}

/**
 * What the user has set who is logged on (Windows), for LocalSystem to have it too. Throws as the others do; a script
 * that configures a proxy (PAC) is none that a service could take.
 */
export async function fromCurrentUser(
  system: Pick<System, 'registry'>,
  bypass: readonly string[],
): Promise<ProxySettings> {
  const values = await internetSettings(system, CURRENT_USER);
  const server = values.find(({ name }) => name === 'ProxyServer')?.value ?? '';
  const url = urlOfServer(server);
  if (url === undefined) {
    throw new UserError('proxy.none', 'the current user has no proxy set', {
      remedy: 'Set it in Internet Options, Connections, LAN settings; or give the address: --url http://HOST:PORT',
    });
  }
  const given = values.find(({ name }) => name === 'ProxyOverride')?.value ?? '';
  return proxySettings(url, [...bypassOf(given), ...bypass], 'ProxyServer');
}

/** `a, b,c`; empty ones are left out. */
export const items = (list: string): readonly string[] => list.split(/[\s,]+/).filter((item) => item !== '');

function first(env: System['env'], names: readonly string[]): readonly [string, string] | undefined {
  const name = names.find((each) => env[each]);
  return name === undefined ? undefined : [name, env[name] ?? ''];
}
