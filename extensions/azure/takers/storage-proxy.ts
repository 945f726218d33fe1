import type { Config } from '../../../agent/config/schema.ts';
import { UserError } from '../../../agent/errors.ts';
import { bypasses } from '../../../agent/proxy/bypass.ts';
import { consumersOf, readPlaces } from '../../../agent/proxy/effective.ts';
import { type ProxySettings, proxySettings } from '../../../agent/proxy/settings.ts';
import { fromConfig, fromEnvironment } from '../../../agent/proxy/sources.ts';
import type { System } from '../../../agent/system/system.ts';
import type { Route } from './connection.ts';

/**
 * The proxy on the way to a storage account: ours, by [proxy] of the configuration; else that of the environment that we
 * run in; else that of the VM agent's extensions, or of the agent itself: who runs as an extension may be started by a
 * unit of its own, without the variables of the agent.
 */
export async function storageProxy(
  system: System,
  config: Pick<Config, 'proxy'>,
): Promise<(host: string) => Route['proxy']> {
  const settings = fromConfig(config) ?? environment(system) ?? (await agents(system));
  return (host) => {
    if (settings === undefined || bypasses(settings.bypass, host)) return undefined;
    return { host: settings.host, port: settings.port };
  };
}

function environment(system: System): ProxySettings | undefined {
  try {
    return fromEnvironment(system, []);
  } catch (error) {
    if (error instanceof UserError && error.code === 'proxy.none') return undefined;
    throw error;
  }
}

async function agents(system: System): Promise<ProxySettings | undefined> {
  const consumers = consumersOf(await readPlaces(system));
  const found = ['extensions', 'agent'].map((id) =>
    consumers.find((each) => each.id === id && each.proxy !== undefined),
  );
  const [first] = found.filter((each) => each !== undefined);
  return first?.proxy === undefined ? undefined : proxySettings(first.proxy, first.bypass, first.path ?? first.about);
}
