import { readableText } from './readable.ts';
import type { System } from './system.ts';

/** Which distribution this is, in its own words: os-release(5). */
export interface Distribution {
  /** `ID`: lower case, `linux` when it does not say. */
  readonly id: string;
  /** `VERSION_ID`; rolling distributions have none. */
  readonly versionId: string | undefined;
  /** `VARIANT_ID`: `coreos` of a Fedora, for instance. */
  readonly variantId: string | undefined;
  readonly prettyName: string;
  /** `ID_LIKE`: what it descends from, closest first. */
  readonly idLike: readonly string[];
}

/** From `/etc/os-release`, else `/usr/lib/os-release`: that order is the manual's. */
export async function readDistribution(system: System): Promise<Distribution | undefined> {
  const text = (await readableText(system, '/etc/os-release')) ?? (await readableText(system, '/usr/lib/os-release'));
  return text === undefined ? undefined : distributionOf(parseOsRelease(text));
}

/** Names with the manual's defaults where the file is silent. */
export const distributionOf = (values: ReadonlyMap<string, string>): Distribution => ({
  id: (values.get('ID') || 'linux').toLowerCase(),
  versionId: values.get('VERSION_ID') || undefined,
  variantId: values.get('VARIANT_ID') || undefined,
  prettyName: values.get('PRETTY_NAME') || values.get('NAME') || 'Linux',
  idLike: (values.get('ID_LIKE') ?? '').split(/\s+/).filter((id) => id !== ''),
});

/** Assignments of a shell, without its expansions; the last of a name counts. What is not one is left out. */
export function parseOsRelease(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name, value] = /^\s*([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(line) ?? [];
    if (name !== undefined && value !== undefined) values.set(name, unquote(value.trim()));
  }
  return values;
}

/** Single quotes keep everything; in double quotes and bare, a backslash takes the next character as it is. */
function unquote(value: string): string {
  const quote = value[0];
  if (quote === "'" && value.length > 1 && value.endsWith("'")) return value.slice(1, -1);
  const bare = quote === '"' && value.length > 1 && value.endsWith('"') ? value.slice(1, -1) : value;
  return bare.replace(/\\(.)/g, '$1');
}
