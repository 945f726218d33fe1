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

/** The other way round, as far as others can read it: a leading `*` of a domain goes, other patterns are left out. */
export const bypassOf = (text: string): readonly string[] =>
  text
    .split(/[;\s]+/)
    .map((item) => item.replace(/^\*\./, '.').replace(/^\[(.*)\]$/, '$1'))
    .filter((item) => item !== '' && item !== LOCAL && !item.includes('*'));
