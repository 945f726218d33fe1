import { registryNumber, registryOf, registryText, valuePath } from '../system/registry.ts';
import { runningServices, SQL_SERVER } from '../system/running-services.ts';
import type { ServiceState } from '../system/service-states.ts';
import type { System } from '../system/system.ts';
import { type Check, fail, info, pass, type Result, skip, warn } from './check.ts';
import { SOURCES, VSS } from './limits.ts';
import { isOutOfOrder, servicesOf } from './windows-services.ts';

const SERVICES = ['VSS', 'swprv', 'COMSysApp', 'EventSystem'] as const;

/** Started when they are needed; disabled, they cannot be. */
export const vssCanStart: Check = {
  id: 'vss.service',
  group: 'windows',
  title: 'The services of VSS can be started',
  platforms: ['windows'],
  source: VSS.source,
  async run(system) {
    return judgeVssServices(await servicesOf(system, SERVICES));
  },
};

export function judgeVssServices(services: Readonly<Record<string, ServiceState | undefined>>): Result {
  for (const [name, service] of Object.entries(services)) {
    if (service === undefined) return fail(`the service ${name} is missing`, 'Repair Windows:\n$ sfc /scannow');
    const wrong = isOutOfOrder(service, {});
    if (wrong !== undefined) {
      const start = name === 'EventSystem' ? 'auto' : 'demand';
      return fail(`${name} ${wrong}: no shadow copy can be made`, `$ sc.exe config ${name} start= ${start}`);
    }
  }
  return pass(Object.keys(services).join(', '));
}

/** Who makes shadow copies; types are VSS_PROVIDER_TYPE of vss.h. */
export interface VssProvider {
  readonly id: string;
  readonly name: string;
  readonly type: number | undefined;
}

const PROVIDERS = 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\VSS\\Providers';
/** Of Windows: for volumes, and for shares. */
const OWN = ['{b5946137-7b9f-4925-af80-51abd60b20d5}', '{89300202-3cec-4981-9171-19f59559e0f2}'];
const TYPES = ['of an unknown kind', 'system', 'software', 'hardware', 'file share'];

export const noOtherProvider: Check = {
  id: 'vss.providers',
  group: 'windows',
  title: 'Windows itself makes the shadow copies',
  platforms: ['windows'],
  source: "quiesced's own (2026): a provider of somebody else's may take the place of the one that Azure counts on",
  async run(system) {
    return judgeProviders(await readProviders(system));
  },
};

async function readProviders(system: System): Promise<readonly VssProvider[]> {
  const ids = await registryOf(system).keys(PROVIDERS);
  return Promise.all(
    ids.map(async (id) => ({
      id,
      name: (await registryText(system, `${PROVIDERS}\\${id}\\`)) ?? id,
      type: await registryNumber(system, `${PROVIDERS}\\${id}\\Type`),
    })),
  );
}

export function judgeProviders(providers: readonly VssProvider[]): Result {
  if (providers.length === 0) return skip('no provider of shadow copies is registered: this Windows has no VSS');
  const others = providers.filter(({ id }) => !OWN.includes(id.toLowerCase()));
  if (others.length === 0) return pass(providers.map(({ name }) => name).join(', '));
  return warn(
    `somebody else's provider: ${others.map(({ name, type = 0 }) => `${name} (${TYPES[type] ?? type})`).join(', ')}`,
    'See whether it is still needed, and uninstall what brought it if not. Else rehearse a backup with it:\n$ vssadmin list providers',
  );
}

const AGENT_KEY = 'HKLM\\SOFTWARE\\Microsoft\\BcdrAgent';
const KEYS = [AGENT_KEY, `${AGENT_KEY}PersistentKeys`];

/** What somebody has told the backup extension in the registry, on the advice of a page or of Microsoft's support. */
export const extensionIsNotTuned: Check = {
  id: 'vss.regkeys',
  group: 'windows',
  title: 'Nobody has tuned the backup extension',
  platforms: ['windows'],
  source: SOURCES.troubleshoot,
  async run(system) {
    const registry = registryOf(system);
    const told = await Promise.all(
      KEYS.map(async (key) =>
        Promise.all(
          (await registry.names(key)).map(
            async (name) => `${name}=${(await registry.read(valuePath(key, name)))?.data}`,
          ),
        ),
      ),
    );
    return judgeTuning(told.flat());
  },
};

export const judgeTuning = (settings: readonly string[]): Result =>
  settings.length === 0 ? pass('not') : info(`told in the registry: ${settings.join(', ')}`);

const COPY_ONLY = `${AGENT_KEY}\\USEVSSCOPYBACKUP`;

/** A full backup by VSS ends the chain that log backups of somebody else hang on. */
export const logChainIsKept: Check = {
  id: 'vss.sql-copyonly',
  group: 'windows',
  title: "A backup of the machine leaves SQL Server's chain alone",
  platforms: ['windows'],
  source: SOURCES.about,
  async run(system) {
    const [instances, copyOnly] = await Promise.all([
      runningServices(system, SQL_SERVER),
      registryText(system, COPY_ONLY),
    ]);
    return judgeLogChain(instances, copyOnly);
  },
};

export function judgeLogChain(instances: readonly string[], copyOnly: string | undefined): Result {
  if (instances.length === 0) return pass('no SQL Server runs here');
  if (copyOnly?.toUpperCase() === 'TRUE') return pass(`${instances.join(', ')}, and backups are copies only`);
  return warn(
    `${instances.join(', ')} runs here, and a backup of the machine counts as a full one of its databases: the logs are truncated by it, and differential backups of somebody else start from it`,
    `Where something else backs up its logs, have Azure make copies only:\n$ reg add "${AGENT_KEY}" /v USEVSSCOPYBACKUP /t REG_SZ /d TRUE /f`,
  );
}
