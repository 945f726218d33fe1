import type { System } from '../system/system.ts';
import { proxyTargets } from './all.ts';
import { items } from './sources.ts';
import type { ProxyValue } from './target.ts';
import { bypassOf } from './windows-bypass.ts';
import { urlOfServer } from './windows-server.ts';

/** What one target holds. */
export interface PlaceOf {
  readonly id: string;
  readonly about: string;
  readonly values: readonly ProxyValue[];
}

/** How one of the programs that matter would reach Azure's storage after its next start. */
export interface Consumer {
  readonly id: 'agent' | 'extensions' | 'daemon' | 'logins' | 'local-system' | 'winhttp';
  readonly about: string;
  /** As it is set, secrets in it; undefined: directly. */
  readonly proxy: string | undefined;
  /** The file, or value of the registry, that decides. */
  readonly path: string | undefined;
  readonly bypass: readonly string[];
  /** For plain HTTP, where that goes another way. */
  readonly plain: string | undefined;
}

/** What is set in every place that this machine has, whoever has set it. */
export async function readPlaces(system: System): Promise<readonly PlaceOf[]> {
  const here = proxyTargets.filter(({ platforms }) => platforms.includes(system.platform));
  const places = here.map(async ({ id, about, isHere, read }) =>
    (await isHere(system)) ? [{ id, about, values: await read(system) }] : [],
  );
  return (await Promise.all(places)).flat();
}

/** Which of the settings each program takes that is here; a pure function of what is set. */
export function consumersOf(places: readonly PlaceOf[]): readonly Consumer[] {
  const valuesOf = (id: string) => places.find((place) => place.id === id)?.values;
  const extensions = byVariables('extensions', 'extensions that the VM agent runs', valuesOf('agent-unit') ?? []);
  const [conf, daemon] = [valuesOf('waagent-conf'), valuesOf('own-unit')];
  return [
    ...(conf === undefined ? [] : [agentOf(conf, extensions)]),
    ...(valuesOf('agent-unit') === undefined ? [] : [extensions]),
    ...(daemon === undefined ? [] : [byVariables('daemon', 'this daemon', daemon)]),
    ...(valuesOf('winhttp') === undefined ? [logins(valuesOf('environment') ?? [])] : []),
    ...byServer('local-system', 'services of LocalSystem, the VM agent among them', valuesOf('local-system')),
    ...byServer('winhttp', 'services by WinHTTP', valuesOf('winhttp')),
  ];
}

const logins = (values: readonly ProxyValue[]) => byVariables('logins', 'logins, cron jobs and su', values);

/** As Windows keeps it; nobody where there is no such place. */
function byServer(id: Consumer['id'], about: string, values: readonly ProxyValue[] | undefined): readonly Consumer[] {
  if (values === undefined) return [];
  const find = (...names: readonly string[]) => values.find(({ name }) => names.includes(name));
  const server = find('ProxyServer', 'proxy');
  const proxy = urlOfServer(server?.value ?? '');
  const bypass = bypassOf(find('ProxyOverride', 'bypass')?.value ?? '');
  return [{ id, about, proxy, path: proxy && server?.path, bypass, plain: undefined }];
}

/**
 * A host in its configuration keeps the agent from looking at its environment, and without a port it goes directly
 * (azurelinuxagent/common/utils/restutil.py). What the list of exceptions says counts either way.
 */
function agentOf(conf: readonly ProxyValue[], environment: Consumer): Consumer {
  const host = conf.find(({ name }) => name === 'HttpProxy.Host');
  const port = conf.find(({ name }) => name === 'HttpProxy.Port');
  const itself = { ...environment, id: 'agent' as const, about: 'the VM agent itself' };
  if (host === undefined) return itself;
  const proxy = port && `http://${host.value.includes(':') ? `[${host.value}]` : host.value}:${port.value}`;
  return { ...itself, proxy, path: host.path, plain: proxy };
}

/** Lower case first, as curl and Python look; Azure's storage is HTTPS. */
function byVariables(id: Consumer['id'], about: string, values: readonly ProxyValue[]): Consumer {
  const find = (name: string) =>
    values.find((each) => each.name === name && each.value !== '') ??
    values.find((each) => each.name === name.toUpperCase() && each.value !== '');
  const secure = find('https_proxy');
  return {
    id,
    about,
    proxy: secure?.value,
    path: secure?.path,
    bypass: items(find('no_proxy')?.value ?? ''),
    plain: find('http_proxy')?.value,
  };
}
