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

/** Everything about the network, against these services of the host: a test has servers of its own on loopback. */
export function networkChecksWith({ wireServer, hostGaPlugin }: HostServices): readonly Check[] {
  const askWireServer = probeOf(wireServer);
  const askHostGaPlugin = probeOf(hostGaPlugin);
  return [
    wireServerAnswers(wireServer, askWireServer),
    hostGaPluginAnswers(hostGaPlugin, askHostGaPlugin),
    imdsAnswers,
    addressByDhcp,
    oneAddressTowardsHost,
    hostIsNotFirewalled([askWireServer, askHostGaPlugin]),
    pluginsReachTheirNames,
  ];
}

/** The same, against the services of Azure. */
export const networkChecks: readonly Check[] = networkChecksWith(HOST_SERVICES);
