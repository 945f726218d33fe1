import { loadConfig } from '../config/load.ts';
import { type Traveller, type Trial, tryWays } from '../proxy/trial.ts';
import { BUNDLES, readAuthorities } from '../reach/authorities.ts';
import { serviceEndpointsFor } from '../reach/choose.ts';
import type { Endpoint } from '../reach/endpoint.ts';
import { REACH_MS } from '../reach/reach.ts';
import type { Facts } from '../system/facts.ts';
import type { System } from '../system/system.ts';
import { onAzure } from './azure.ts';
import { type Check, type CheckContext, fail, info, pass, type Result, skip, warn } from './check.ts';
import { PROXY, SOURCES } from './limits.ts';
import { gatherConsumers } from './proxy-settings.ts';
import { gatherSchannel, judgeSchannel } from './windows-network.ts';

/** What came of the ways that are worth a packet, and whether a backup needs storage from inside. */
export interface ReachSigns {
  readonly trials: readonly Trial[];
  readonly needed: boolean;
}

/** Gathered once per run, through `context.evidence`: the function itself is the key. */
export type ReachProbe = (system: System, context: CheckContext) => Promise<ReachSigns>;

/** By which storage is reached that a snapshot from inside writes to: Microsoft's extension takes no proxy. */
const SNAPSHOT: Traveller = { id: 'extensions', proxy: undefined, bypass: ['*'] };

/**
 * No packet leaves this machine unless it is on Azure, and a program of the backup would send one too: through the
 * proxies that are set, and directly to storage where a disk needs it.
 *
 * @param endpoints those of a test; otherwise what [proxy] or Azure says.
 */
export const reachProbe =
  (endpoints?: readonly Endpoint[]): ReachProbe =>
  async (system, context) => {
    const needed = needsStorage(context.facts);
    const consumers = await context.evidence(gatherConsumers);
    const behind = consumers.filter(({ id, proxy }) => proxy !== undefined && id !== 'logins');
    const travellers = [...behind, ...(needed ? [SNAPSHOT] : [])];
    if (!onAzure(context.facts) || !system.live || travellers.length === 0) return { trials: [], needed };
    const all = endpoints ?? (await azureEndpoints(system, context.facts));
    return { trials: await tryWays(system, travellers, all), needed };
  };

async function azureEndpoints(system: System, { cloud }: Facts): Promise<readonly Endpoint[]> {
  // A configuration that cannot be read is another check's to tell.
  const named = await loadConfig(system).then(
    ({ config }) => config.proxy.endpoints,
    () => [],
  );
  return serviceEndpointsFor(system, { named, imds: cloud?.imds });
}

/** The host cannot take a snapshot of a disk with Write Accelerator; the extension does, and uploads it. */
const needsStorage = ({ cloud }: Facts): boolean =>
  cloud?.imds?.disks.some(({ writeAccelerator }) => writeAccelerator) ?? false;

/** Beyond the probe's own deadline, so that the finding is ours and not the runner's. */
const timeoutMs = REACH_MS + 1500;

/** An error of TLS is `net.tls`'s to tell. */
const stopped = ({ fault }: Trial): boolean => fault !== undefined && !fault.code.startsWith('tls.');

export const storageIsReached = (probe: ReachProbe): Check => ({
  id: 'net.storage443',
  group: 'network',
  title: 'Storage is reached where a backup needs it',
  dependsOn: ['net.tls'],
  timeoutMs,
  source: `${SOURCES.prepare}; ${SOURCES.supportMatrix}`,
  async run(system, context) {
    if (!onAzure(context.facts)) return skip('not on Azure');
    if (!system.live) return skip('only a running machine reaches anybody');
    if (context.facts.cloud?.imds === undefined) return skip('the metadata service does not tell of the disks');
    return judgeStorage(await context.evidence(probe));
  },
});

export function judgeStorage({ trials, needed }: ReachSigns): Result {
  if (!needed) return pass('not needed from inside: the host takes the snapshot');
  const direct = trials.filter(({ proxy, purpose }) => proxy === undefined && ['storage', 'chosen'].includes(purpose));
  if (direct.length === 0) {
    return info(
      'a disk with Write Accelerator needs it, and no storage account of this machine is known',
      'Try one yourself:\n$ quiesced proxy test --endpoint ACCOUNT.blob.core.windows.net',
    );
  }
  const lost = direct.find(stopped)?.diagnosis;
  if (lost === undefined) return pass(`${direct.map(({ endpoint }) => endpoint).join(', ')} answers`);
  return fail(`a disk with Write Accelerator needs storage, but ${lost.message}`, again(lost.remedy));
}

export const tlsWorks = (probe: ReachProbe): Check => ({
  id: 'net.tls',
  group: 'network',
  title: 'TLS 1.2, with authorities that are trusted',
  timeoutMs,
  source: SOURCES.troubleshoot,
  async run(system, context) {
    if (system.platform === 'windows') return judgeSchannel(await gatherSchannel(system));
    const authorities = await readAuthorities(system);
    return judgeTls(authorities?.certificates.length, await context.evidence(probe));
  },
});

/** @param authorities how many this machine trusts; undefined: there is no list of them. */
export function judgeTls(authorities: number | undefined, { trials }: ReachSigns): Result {
  const failed = trials.find(({ fault }) => fault?.code.startsWith('tls.'))?.diagnosis;
  if (failed !== undefined) return fail(failed.message, again(failed.remedy));
  if (authorities === undefined) {
    return warn(
      `there is no list of authorities in any of the usual places (${BUNDLES.slice(0, 2).join(', ')} …): programs can verify nobody`,
      'Install the package ca-certificates.',
    );
  }
  const opened = trials.find(({ fault, diagnosis }) => fault === undefined && diagnosis !== undefined)?.diagnosis;
  if (opened !== undefined) return warn(opened.message, again(opened.remedy));
  return pass(`${authorities} authorities are trusted`);
}

export const proxyWantsNobody = (probe: ReachProbe): Check => ({
  id: 'proxy.auth',
  group: 'network',
  title: 'The proxy asks for no user and password',
  timeoutMs,
  source: PROXY.source,
  async run(_system, context) {
    const [consumers, { trials }] = await Promise.all([context.evidence(gatherConsumers), context.evidence(probe)]);
    const holder = consumers.find(({ proxy }) => proxy?.includes('@'));
    return judgeAuth(
      holder?.path,
      trials,
      consumers.some(({ proxy }) => proxy !== undefined),
    );
  },
});

/** @param holder a file with a user or a password in it, for all to read. */
export function judgeAuth(holder: string | undefined, trials: readonly Trial[], isSet: boolean): Result {
  const remedy = 'Have the proxy let this machine pass by its address; change a password that was written down.';
  if (holder !== undefined) {
    return fail(
      `${holder} holds a user or password for a proxy; Azure Backup supports no such proxy, and everybody here can read it`,
      remedy,
    );
  }
  const asked = trials.find(({ fault }) => fault?.code === 'proxy.authentication')?.diagnosis;
  if (asked !== undefined) return fail(asked.message, remedy);
  return pass(isSet ? 'none is known to' : 'no proxy is set');
}

export const proxyCarries = (probe: ReachProbe): Check => ({
  id: 'proxy.reach',
  group: 'network',
  title: 'The proxy carries through to Azure',
  dependsOn: ['net.tls', 'proxy.auth', 'proxy.scheme'],
  timeoutMs,
  source: "quiesced's own (2026): CONNECT, TLS and HTTP as the programs would do it",
  run: async (_system, context) => judgeCarries(await context.evidence(probe)),
});

/** The host copies the disks whatever the proxy does; extensions and status uploads are what suffers. */
export function judgeCarries({ trials, needed }: ReachSigns): Result {
  const behind = trials.filter(({ proxy }) => proxy !== undefined);
  if (behind.length === 0) return pass('no proxy has to');
  const lost = behind.find(stopped)?.diagnosis;
  if (lost === undefined) return pass(`${[...new Set(behind.map(({ endpoint }) => endpoint))].join(', ')} answers`);
  return (needed ? fail : warn)(lost.message, again(lost.remedy));
}

const again = (remedy: string): string => `${remedy} Then go every way again:\n$ quiesced proxy test`;
