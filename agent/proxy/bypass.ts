import { isIPv4 } from 'node:net';

/**
 * Whether a host is reached without the proxy, as curl, Python and Go agree on it: the same name, a domain above it with
 * or without its dot, an IPv4 network, or `*` for all.
 */
export const bypasses = (list: readonly string[], host: string): boolean =>
  list.some((item) => matches(item.trim().toLowerCase(), host.toLowerCase()));

function matches(item: string, host: string): boolean {
  if (item === '') return false;
  if (item === '*' || item === host) return true;
  const [, network, bits] = /^([\d.]+)\/(\d+)$/.exec(item) ?? [];
  if (network !== undefined) return isIPv4(network) && isIPv4(host) && within(host, network, Number(bits));
  return !isIPv4(host) && host.endsWith(item.startsWith('.') ? item : `.${item}`);
}

function within(address: string, network: string, bits: number): boolean {
  const shift = 2 ** (32 - bits);
  return Math.floor(numberOf(address) / shift) === Math.floor(numberOf(network) / shift);
}

const numberOf = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
