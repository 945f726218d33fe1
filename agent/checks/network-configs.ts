/**
 * What files say about the IPv4 address of a network device: five forms, one answer. Lenient: what is not understood
 * says nothing.
 */
export interface DeviceConfig {
  /** A name, a pattern with `*`, or undefined where the file matches by something else. */
  readonly device: string | undefined;
  readonly ipv4: 'dhcp' | 'static';
}

/** The lines of a file, without blanks around them, comments and empty ones. */
export const linesOf = (text: string): readonly string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#') && !line.startsWith(';'));

/** interfaces(5) of ifupdown. An alias (`eth0:1`) is another address of the same device. */
export const parseInterfaces = (text: string): readonly DeviceConfig[] =>
  linesOf(text).flatMap((line) => {
    const [word, name = '', family, method] = line.split(/\s+/);
    if (word !== 'iface' || family !== 'inet' || (method !== 'dhcp' && method !== 'static')) return [];
    return [{ device: name.split(':')[0], ipv4: method }];
  });

/** `ifcfg-eth0` of Red Hat's and SUSE's network scripts: shell assignments. */
export function parseIfcfg(fileName: string, text: string): readonly DeviceConfig[] {
  const value = (key: string) => assignments(text).get(key);
  const protocol = value('BOOTPROTO')?.toLowerCase() ?? '';
  const ipv4 = ipv4Of(/^dhcp/.test(protocol), protocol === 'static' || value('IPADDR') !== undefined);
  const device = value('DEVICE') ?? fileName.replace(/^ifcfg-/, '').split(':')[0];
  return ipv4 === undefined ? [] : [{ device, ipv4 }];
}

const assignments = (text: string): ReadonlyMap<string, string> =>
  new Map(
    linesOf(text).flatMap((line) => {
      const [, key, value] = /^(?:export\s+)?(\w+)=["']?([^"']*)/.exec(line) ?? [];
      return key === undefined ? [] : [[key, (value ?? '').trim()]];
    }),
  );

/** Keyfile of NetworkManager: nm-settings-keyfile(5). Other kinds of connection than cables do not lead to the host. */
export function parseKeyfile(text: string): readonly DeviceConfig[] {
  const sections = sectionsOf(text);
  const value = (section: string, key: string) => valueIn(sections, section, key);
  const type = value('connection', 'type') ?? 'ethernet';
  if (type !== 'ethernet' && type !== '802-3-ethernet') return [];
  const method = value('ipv4', 'method');
  const ipv4 = ipv4Of(method === 'auto', method === 'manual');
  const device = value('connection', 'interface-name') ?? value('match', 'interface-name')?.split(';')[0];
  return ipv4 === undefined ? [] : [{ device, ipv4 }];
}

/** systemd.network(5): several names may stand in one `Name=`. */
export function parseNetworkd(text: string): readonly DeviceConfig[] {
  const sections = sectionsOf(text);
  const dhcp = valueIn(sections, 'Network', 'DHCP')?.toLowerCase() ?? 'no';
  const address = valueIn(sections, 'Network', 'Address') ?? valueIn(sections, 'Address', 'Address');
  const ipv4 = ipv4Of(['yes', 'true', '1', 'on', 'ipv4', 'both', 'v4'].includes(dhcp), isIpv4(address));
  if (ipv4 === undefined) return [];
  const names = valueIn(sections, 'Match', 'Name')?.split(/\s+/) ?? [undefined];
  return names.filter((name) => !name?.startsWith('!')).map((device) => ({ device, ipv4 }));
}

interface Setting {
  readonly section: string;
  readonly key: string;
  readonly value: string;
}

/** The last one that has a value counts. */
const valueIn = (settings: readonly Setting[], section: string, key: string): string | undefined =>
  settings.findLast((one) => one.section === section && one.key === key && one.value !== '')?.value;

function sectionsOf(text: string): readonly Setting[] {
  let section = '';
  return linesOf(text).flatMap((line) => {
    if (line.startsWith('[')) {
      section = line.slice(1).split(']', 1)[0] ?? '';
      return [];
    }
    const at = line.indexOf('=');
    return at < 0 ? [] : [{ section, key: line.slice(0, at).trim(), value: line.slice(at + 1).trim() }];
  });
}

/** DHCP, even with further addresses beside it: so a machine with several of them is set up on Azure. */
export const ipv4Of = (isDhcp: boolean, isStatic: boolean): DeviceConfig['ipv4'] | undefined =>
  isDhcp ? 'dhcp' : isStatic ? 'static' : undefined;

export const isIpv4 = (address: string | undefined): boolean => /^\d{1,3}(\.\d{1,3}){3}(\/|$)/.test(address ?? '');

/** Option 245 names Azure's host, in leases of dhclient and of systemd: DhcpHandler of WALinuxAgent, ds-identify. */
export const hasOption245 = (lease: string): boolean => /^[ \t]*(option unknown-245 |OPTION_245=)/m.test(lease);
