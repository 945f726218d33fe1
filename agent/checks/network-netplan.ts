import { type DeviceConfig, ipv4Of, isIpv4 } from './network-configs.ts';

/**
 * The cables of netplan's files, in their order: a later file changes what an earlier one said, and adds to its lists.
 * Reads the part of YAML that netplan and cloud-init write, blocks by indentation: flow style says nothing to us.
 */
export function parseNetplan(files: readonly string[]): readonly DeviceConfig[] {
  const settings = files.flatMap(settingsOf).filter(({ path }) => path[0] === 'network' && path[1] === 'ethernets');
  return [...Map.groupBy(settings, ({ path }) => path[2])].flatMap(([id, own]) => {
    const value = (...keys: readonly string[]) => own.findLast(({ path }) => isSame(path.slice(3), keys))?.value;
    const addresses = own.filter(({ path }) => path[3] === 'addresses').map((setting) => setting.value);
    const ipv4 = ipv4Of(isYes(value('dhcp4')), addresses.some(isIpv4));
    if (ipv4 === undefined) return [];
    const isMatched = own.some(({ path }) => path[3] === 'match');
    return [{ device: value('set-name') ?? value('match', 'name') ?? (isMatched ? undefined : id), ipv4 }];
  });
}

interface Setting {
  readonly path: readonly string[];
  readonly value: string;
}

const isSame = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((part, at) => part === other[at]);

const isYes = (value: string | undefined): boolean => /^(true|yes|on|y)$/i.test(value ?? '');

/** Each scalar with the keys that lead to it; an element of a list has the keys of its list. */
function settingsOf(text: string): readonly Setting[] {
  const open: { readonly indent: number; readonly key: string }[] = [];
  return text.split('\n').flatMap((line) => {
    const bare = line.replace(/(^|\s)#.*$/, '').trimEnd();
    const content = bare.trimStart();
    if (content === '' || content.startsWith('---')) return [];
    const indent = bare.length - content.length;
    const isElement = content.startsWith('- ');
    // An element may stand as far left as the key of its list.
    while ((open.at(-1)?.indent ?? -1) >= indent + (isElement ? 1 : 0)) open.pop();
    const path = open.map(({ key }) => key);
    if (isElement) return valuesOf(content.slice(2)).map((value) => ({ path, value }));
    const [, key, value = ''] = /^("[^"]*"|'[^']*'|[^:\s]+):(?:\s+(.*))?$/.exec(content) ?? [];
    if (key === undefined) return [];
    open.push({ indent, key: unquoted(key) });
    return valuesOf(value).map((one) => ({ path: [...path, unquoted(key)], value: one }));
  });
}

/** One, or those of a list in brackets. */
const valuesOf = (text: string): readonly string[] =>
  text
    .replace(/^\[|\]$/g, '')
    .split(text.startsWith('[') ? ',' : '\n')
    .map((value) => unquoted(value.trim()))
    .filter((value) => value !== '');

const unquoted = (text: string): string => text.replace(/^(["'])(.*)\1:?$/, '$2');
