import { loadConfig } from '../../config/load.ts';
import { usageError } from '../../errors.ts';
import { consumersOf, readPlaces } from '../../proxy/effective.ts';
import type { ProxySettings } from '../../proxy/settings.ts';
import { urlOf } from '../../proxy/settings.ts';
import { items } from '../../proxy/sources.ts';
import { type Traveller, tryWays } from '../../proxy/trial.ts';
import { serviceEndpointsFor } from '../../reach/choose.ts';
import { CLOUD_NAMES, type CloudName } from '../../reach/clouds.ts';
import { type Endpoint, endpointAt } from '../../reach/endpoint.ts';
import { HOST_ENDPOINTS } from '../../reach/host.ts';
import { gatherFacts } from '../../system/facts.ts';
import type { CommandContext } from '../context.ts';
import { proxyTestJson, renderProxyTest } from '../render-proxy-test.ts';

/**
 * Goes the ways, and changes nothing. 1 when something is not reached.
 *
 * @param given a proxy to try in place of what is set, before it is applied.
 */
export async function testProxy(context: CommandContext, given: ProxySettings | undefined): Promise<number> {
  const travellers = await travellersOf(context, given);
  const trials = await tryWays(context.system, travellers, await endpointsOf(context));
  if (context.json) context.print(`${JSON.stringify(proxyTestJson(trials), undefined, 2)}\n`);
  else context.print(renderProxyTest(trials, context.width));
  return trials.some(({ fault }) => fault !== undefined) ? 1 : 0;
}

/** Of one that is not set yet, every program would take it. */
async function travellersOf(
  { system }: CommandContext,
  given: ProxySettings | undefined,
): Promise<readonly Traveller[]> {
  const consumers = consumersOf(await readPlaces(system));
  if (given === undefined) return consumers;
  return consumers.map(({ id }) => ({ id, proxy: urlOf(given), bypass: given.bypass }));
}

/** By the command line, else the configuration, else as the host says which cloud this is. */
async function endpointsOf({ given, system }: CommandContext): Promise<readonly Endpoint[]> {
  const named = (given.values.get('endpoint') ?? []).flatMap(items);
  const wrong = named.find((each) => endpointAt(each) === undefined);
  if (wrong !== undefined) throw usageError(`--endpoint takes HOST or HOST:PORT, not ${wrong}`, 'proxy');
  const cloud = given.values.get('cloud')?.[0];
  if (cloud !== undefined && !CLOUD_NAMES.includes(cloud as CloudName)) {
    throw usageError(`--cloud takes one of: ${CLOUD_NAMES.join(', ')}`, 'proxy');
  }
  const [facts, { config }] = await Promise.all([gatherFacts(system), loadConfig(system)]);
  const services = await serviceEndpointsFor(system, {
    named: named.length > 0 ? named : config.proxy.endpoints,
    cloud: cloud as CloudName | undefined,
    imds: facts.cloud?.imds,
  });
  return [...(facts.cloud === undefined ? [] : Object.values(HOST_ENDPOINTS)), ...services];
}
