import { isThere } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { type Check, info, pass, type Result } from './check.ts';
import { PLUGIN_NAMES } from './limits.ts';
import { MARS } from './other-products.ts';
import { installedOnWindows } from './other-versions.ts';

/** The plug-in for SAP HANA: the one of those with a way of their own to the vault that runs on Linux. */
const HANA_PLUGIN = '/opt/msawb';

/** These plug-ins send the data themselves, where the backup of a machine leaves that to its host. */
export const pluginsReachTheirNames: Check = {
  id: 'net.mars-fqdn',
  group: 'network',
  title: 'No backup plug-in needs a way out of its own',
  source: PLUGIN_NAMES.source,
  async run(system, { facts }) {
    return judgePlugins(await pluginsOf(system), facts.cloud?.imds?.location);
  },
};

async function pluginsOf(system: System): Promise<readonly string[]> {
  if (system.platform === 'linux') {
    return (await isThere(system, HANA_PLUGIN)) ? [`the plug-in for SAP HANA (${HANA_PLUGIN})`] : [];
  }
  const installed = await installedOnWindows(system);
  return installed.some(({ name }) => MARS.listedAs.test(name)) ? [`the ${MARS.name}`] : [];
}

export function judgePlugins(plugins: readonly string[], location: string | undefined): Result {
  if (plugins.length === 0) return pass('there is none');
  const names = /^usgov|^usdod/.test(location ?? '') ? PLUGIN_NAMES.government : PLUGIN_NAMES.public;
  return info(
    `${plugins.join(' and ')} needs HTTPS to ${names.join(', ')}`,
    `Allow these names on firewall and proxy, or in the network security group the service tags:\n$ az network nsg rule create --resource-group GROUP --nsg-name NSG --name AllowAzureBackup --priority 200 --direction Outbound --access Allow --protocol Tcp --destination-port-ranges 443 --destination-address-prefixes ${PLUGIN_NAMES.serviceTags[0]}\nand the same for ${PLUGIN_NAMES.serviceTags.slice(1).join(' and ')}.`,
  );
}
