import { isIPv6 } from 'node:net';

/** Names without a dot: what WinINet itself calls this machine's neighbours. */
const LOCAL = '<local>';

/**
 * A list of exceptions as WinINet and WinHTTP read it: by semicolons, with `*`, and without networks, of which those
 * that end at a dot are written as `10.*`; others cannot be said and are left out.
 */
export const windowsBypass = (list: readonly string[]): string =>
  [...new Set([...list.flatMap(windowsItem), LOCAL])].join(';');

function windowsItem(item: string): readonly string[] {
  const [, address = '', bits] = /^([\d.]+)\/(\d+)$/.exec(item) ?? [];
  if (bits !== undefined) {
    const octets = Number(bits) / 8;
    if (octets === 4) return [address];
    return Number.isInteger(octets) && octets > 0 ? [`${address.split('.').slice(0, octets).join('.')}.*`] : [];
  }
  if (item.includes('/')) return [];
  if (isIPv6(item)) return [`[${item}]`];
  return [item.startsWith('.') ? `*${item}` : item];
}

/**
 * The other way round, as far as others can read it: a leading `*` of a domain goes, the beginning of an address becomes
 * its network, `*` alone stays, other patterns are left out.
 */
export const bypassOf = (text: string): readonly string[] =>
  text
    .split(/[;\s]+/)
    .map((item) => networkOf(item) ?? item.replace(/^\*\./, '.').replace(/^\[(.*)\]$/, '$1'))
    .filter((item) => item === '*' || (item !== '' && item !== LOCAL && !item.includes('*')));

/** `169.254.*` and `169.254.*.*`: 169.254.0.0/16. */
function networkOf(item: string): string | undefined {
  const octets = /^((?:\d{1,3}\.){1,3})(?:\*\.)*\*$/.exec(item)?.[1]?.split('.').slice(0, -1);
  if (octets === undefined || item.split('.').length > 4) return undefined;
  return `${[...octets, '0', '0', '0'].slice(0, 4).join('.')}/${octets.length * 8}`;
}
