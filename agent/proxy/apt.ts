import { planFile } from '../system/owned-file.ts';
import { isThere, readableList, readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { type ProxySettings, urlOf } from './settings.ts';
import type { ProxyTarget, ProxyValue } from './target.ts';

const FOLDER = '/etc/apt/apt.conf.d';
const PATH = `${FOLDER}/95quiesced-proxy`;

export const apt: ProxyTarget = {
  id: 'apt',
  platforms: ['linux'],
  about: 'apt',
  optional: true,

  isHere: (system) => isThere(system, FOLDER),

  async read(system) {
    const names = await readableList(system, FOLDER);
    const values = new Map<string, ProxyValue>();
    for (const path of [...names.map((name) => `${FOLDER}/${name}`), '/etc/apt/apt.conf']) {
      for (const found of valuesIn(path, (await readableText(system, path)) ?? '')) values.set(found.name, found);
    }
    return [...values.values()];
  },

  async plan(system: System, wanted) {
    if (wanted !== undefined && !(await isThere(system, FOLDER))) return [];
    return planFile(system, PATH, wanted && { text: textOf(wanted), mode: 0o644 });
  },
};

/** The flat form alone, `Acquire::http::Proxy "…";`: what stands in nested braces is not seen. */
const valuesIn = (path: string, text: string): readonly ProxyValue[] =>
  [...text.matchAll(/^[ \t]*(Acquire::https?::Proxy)[ \t]+"([^"\n]*)"[ \t]*;/gim)].map(([, name = '', value = '']) => ({
    path,
    name,
    value,
  }));

/** apt knows whole names only: no domains, no networks; and an IPv6 address would be taken apart at its colons. */
const textOf = (wanted: ProxySettings): string => {
  const direct = wanted.bypass.filter((item) => /^[a-z0-9][a-z0-9.-]*$/i.test(item));
  const lines = ['http', 'https'].flatMap((scheme) => [
    `Acquire::${scheme}::Proxy "${urlOf(wanted)}";`,
    ...direct.map((host) => `Acquire::${scheme}::Proxy::${host} "DIRECT";`),
  ]);
  return [...lines, ''].join('\n');
};
