import type { Endpoint } from '../reach/endpoint.ts';
import type { Check } from './check.ts';
import { oneAddressTowardsHost } from './network-addresses.ts';
import { addressByDhcp } from './network-dhcp.ts';
import { hostIsNotFirewalled } from './network-firewall.ts';
import {
  HOST_SERVICES,
  type HostServices,
  hostGaPluginAnswers,
  imdsAnswers,
  probeOf,
  wireServerAnswers,
} from './network-host.ts';
import { pluginsReachTheirNames } from './network-plugins.ts';
import { proxyCarries, proxyWantsNobody, reachProbe, storageIsReached, tlsWorks } from './network-reach.ts';
import { extensionsHaveProxy, hostIsBypassed, proxyIsPlain, snapshotIgnoresProxy } from './proxy-settings.ts';
import { localSystemAgrees } from './proxy-windows.ts';

/**
 * Everything about the network, against these services of the host, and these in place of Azure's own: a test has
 * servers of its own on loopback.
 */
export function networkChecksWith(
  { wireServer, hostGaPlugin }: HostServices,
  endpoints?: readonly Endpoint[],
): readonly Check[] {
  const reached = reachProbe(endpoints);
  const askWireServer = probeOf(wireServer);
  const askHostGaPlugin = probeOf(hostGaPlugin);
  return [
    wireServerAnswers(wireServer, askWireServer),
    hostGaPluginAnswers(hostGaPlugin, askHostGaPlugin),
    imdsAnswers,
    addressByDhcp,
    oneAddressTowardsHost,
    hostIsNotFirewalled([askWireServer, askHostGaPlugin]),
    tlsWorks(reached),
    storageIsReached(reached),
    pluginsReachTheirNames,
    extensionsHaveProxy,
    hostIsBypassed,
    proxyWantsNobody(reached),
    proxyIsPlain,
    proxyCarries(reached),
    snapshotIgnoresProxy,
    localSystemAgrees,
  ];
}

/** The same, against the services of Azure. */
export const networkChecks: readonly Check[] = networkChecksWith(HOST_SERVICES);
