import { readableList, readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { restoreLimit } from './azure.ts';
import { type Check, pass, type Result, skip, warn } from './check.ts';
import { SOURCES } from './limits.ts';
import {
  type DeviceConfig,
  hasOption245,
  parseIfcfg,
  parseInterfaces,
  parseKeyfile,
  parseNetworkd,
} from './network-configs.ts';
import { parseNetplan } from './network-netplan.ts';
import { defaultDevice } from './network-route.ts';
import { judgeWindowsDhcp, windowsAdapters } from './windows-network.ts';

/** What a file says, and which one. */
export interface ConfigFound extends DeviceConfig {
  readonly file: string;
}

/** How the machine gets the address of its first adapter. */
export interface DhcpSigns {
  /** Of the default route; undefined where that is not known, as on a disk of another machine. */
  readonly device: string | undefined;
  readonly configs: readonly ConfigFound[];
  readonly option245: boolean;
}

/** Azure moves a restored machine to another address, and tells the agent by DHCP where its host is. */
export const addressByDhcp: Check = {
  id: 'net.dhcp',
  group: 'network',
  alsoIn: ['restore'],
  offline: true,
  title: 'The first network adapter gets its address by DHCP',
  source: `${SOURCES.troubleshoot}; ${SOURCES.troubleshootAgent}`,
  async run(system, context) {
    if (system.platform === 'windows') {
      const adapters = await context.evidence(windowsAdapters);
      return restoreLimit(context, judgeWindowsDhcp(adapters, system.clock.now().getTime()));
    }
    const [device, configs, option245] = await Promise.all([
      context.evidence(defaultDevice),
      readConfigs(system),
      hasLease(system),
    ]);
    return restoreLimit(context, judgeDhcp({ device, configs, option245 }));
  },
};

export function judgeDhcp({ device, configs, option245 }: DhcpSigns): Result {
  const concerned = configs.filter((config) => concerns(config, device));
  const dhcp = concerned.find(({ ipv4 }) => ipv4 === 'dhcp');
  const lease = option245 ? ", and the lease names Azure's host (option 245)" : '';
  if (dhcp !== undefined) return pass(`${dhcp.file}${lease}`);
  const fixed = concerned[0];
  if (fixed !== undefined) {
    const name = fixed.device ?? device ?? 'the network adapter';
    return warn(
      `${fixed.file} gives ${name} a fixed address: a restored machine gets another one, and Azure then does not reach it`,
      `Let ${name} ask for its address (in netplan \`dhcp4: true\`, elsewhere \`dhcp\` or \`auto\`), and fix the address in Azure instead:\n$ az network nic ip-config update --resource-group GROUP --nic-name NIC --name ipconfig1 --private-ip-address ADDRESS`,
    );
  }
  return option245 ? pass("a lease names Azure's host (option 245)") : skip('no file tells how the address is got');
}

/** Devices that lead to the host when it is not known which one does: cables, as the kernel and udev name them. */
const CABLE = /^(e|net)/;

function concerns({ device }: DeviceConfig, wanted: string | undefined): boolean {
  if (device === undefined) return true;
  if (wanted === undefined) return CABLE.test(device) || device.startsWith('*');
  const [start, ...rest] = device.split('*');
  return rest.length === 0 ? device === wanted : wanted.startsWith(start ?? '') && wanted.endsWith(rest.at(-1) ?? '');
}

type Parse = (name: string, text: string) => readonly DeviceConfig[];

/** Folders with files of one form, and how their names end or begin. */
const FOLDERS: readonly (readonly [folder: string, name: RegExp, parse: Parse])[] = [
  ['/etc/network', /^interfaces$/, (_, text) => parseInterfaces(text)],
  ['/etc/network/interfaces.d', /^[\w.-]+$/, (_, text) => parseInterfaces(text)],
  ['/etc/sysconfig/network-scripts', /^ifcfg-[\w.:-]+$/, parseIfcfg],
  ['/etc/sysconfig/network', /^ifcfg-[\w.:-]+$/, parseIfcfg],
  ['/etc/NetworkManager/system-connections', /./, (_, text) => parseKeyfile(text)],
  ['/run/NetworkManager/system-connections', /./, (_, text) => parseKeyfile(text)],
  ['/etc/systemd/network', /\.network$/, (_, text) => parseNetworkd(text)],
  ['/run/systemd/network', /\.network$/, (_, text) => parseNetworkd(text)],
];
/** Copies that editors and package managers leave behind. */
const LEFT_OVER = /(~|\.(bak|orig|old|save|dpkg-\w+|rpm\w+))$/;

async function readConfigs(system: System): Promise<readonly ConfigFound[]> {
  const found = await Promise.all(
    FOLDERS.map(async ([folder, pattern, parse]) => {
      const files = (await readFolder(system, folder)).filter(({ name }) => pattern.test(name));
      return files.flatMap(({ name, text }) =>
        parse(name, text).map((config) => ({ ...config, file: `${folder}/${name}` })),
      );
    }),
  );
  return [...(await readNetplan(system)), ...found.flat()];
}

/** What netplan made of its files lies in /run in the form of others, and says the same. */
async function readNetplan(system: System): Promise<readonly ConfigFound[]> {
  const folders = ['/usr/lib/netplan', '/etc/netplan', '/run/netplan'];
  const files = await Promise.all(folders.map((folder) => readFolder(system, folder)));
  const texts = files.flat().filter(({ name }) => name.endsWith('.yaml'));
  return parseNetplan(texts.map(({ text }) => text)).map((config) => ({ ...config, file: '/etc/netplan' }));
}

async function readFolder(
  system: System,
  folder: string,
): Promise<readonly { readonly name: string; readonly text: string }[]> {
  const names = (await readableList(system, folder)).filter((name) => !LEFT_OVER.test(name));
  return Promise.all(
    names.map(async (name) => ({ name, text: (await readableText(system, `${folder}/${name}`)) ?? '' })),
  );
}

const LEASES = [
  '/var/lib/dhcp',
  '/var/lib/dhclient',
  '/var/lib/NetworkManager',
  '/run/systemd/netif/leases',
  '/var/lib/wicked',
];

/** An old lease proves nothing of today, and so does not outweigh a file. */
async function hasLease(system: System): Promise<boolean> {
  const leases = await Promise.all(LEASES.map((folder) => readFolder(system, folder)));
  return leases.flat().some(({ text }) => hasOption245(text));
}
