import { anyThere, isThere, readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { type LineFormat, planOurLines } from './marked-lines.ts';
import { urlOf } from './settings.ts';
import type { ProxyTarget, ProxyValue } from './target.ts';

/** yum's is a link to dnf's where there is dnf. */
const MAIN_CONFS = ['/etc/dnf/dnf.conf', '/etc/yum.conf', '/etc/tdnf/tdnf.conf'];

/** dnf, yum and Azure Linux's tdnf: `proxy=` of [main]. None of them has a list of exceptions. */
export const dnf: ProxyTarget = {
  id: 'dnf',
  platforms: ['linux'],
  about: 'dnf, yum and tdnf',
  optional: true,

  isHere: (system) => anyThere(system, MAIN_CONFS),

  async read(system) {
    const values: ProxyValue[] = [];
    for (const path of await ownFiles(system)) {
      const lines = ((await readableText(system, path)) ?? '').split('\n');
      const last = mainSettings(lines).at(-1);
      if (last === undefined) continue;
      values.push({ path, name: 'proxy', value: (lines[last] ?? '').split('=').slice(1).join('=').trim() });
    }
    return values;
  },

  async plan(system, wanted) {
    const ours = wanted === undefined ? [] : [`proxy=${urlOf(wanted)}`];
    const plans = (await ownFiles(system)).map(async (path) => {
      // Without the section the file is not one that dnf would read.
      const hasMain = headerOf(((await system.readText(path, 'latin1')) ?? '').split('\n')) >= 0;
      return hasMain ? planOurLines(system, path, ours, IN_MAIN) : [];
    });
    return (await Promise.all(plans)).flat();
  },
};

async function ownFiles(system: System): Promise<readonly string[]> {
  const links = await Promise.all(MAIN_CONFS.map((path) => system.readLink(path)));
  return MAIN_CONFS.filter((_, index) => links[index] === undefined);
}

const headerOf = (lines: readonly string[]): number => lines.findIndex((line) => /^\[main\]\s*$/.test(line));

const isProxyLine = (line: string): boolean => /^proxy\s*=/.test(line);

/** Indices of `proxy =` within [main]. */
function mainSettings(lines: readonly string[]): readonly number[] {
  let section = '';
  return lines.flatMap((line, index) => {
    section = /^\[([^\]]*)\]/.exec(line)?.[1] ?? section;
    return section === 'main' && isProxyLine(line) ? [index] : [];
  });
}

const IN_MAIN: LineFormat = { isSetting: isProxyLine, theirs: mainSettings, behind: headerOf };

const SYSCONFIG = '/etc/sysconfig/proxy';
const NAMES = ['PROXY_ENABLED', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];

/** SUSE's own place, from which zypper, YaST and login shells take it. Red Hat's and Debian's systems have none. */
export const zypper: ProxyTarget = {
  id: 'zypper',
  platforms: ['linux'],
  about: "zypper, YaST and login shells of SUSE's systems",
  optional: true,

  isHere: (system) => isThere(system, SYSCONFIG),

  async read(system) {
    const text = (await readableText(system, SYSCONFIG)) ?? '';
    const values = new Map<string, string>();
    for (const [, name = '', value = ''] of text.matchAll(/^[ \t]*(\w+)="?([^"\n]*)"?/gm)) {
      if (NAMES.includes(name) && value !== '') values.set(name, value);
    }
    return [...values].map(([name, value]) => ({ path: SYSCONFIG, name, value }));
  },

  plan(system, wanted) {
    const ours =
      wanted === undefined
        ? []
        : [
            'PROXY_ENABLED="yes"',
            `HTTP_PROXY="${urlOf(wanted)}"`,
            `HTTPS_PROXY="${urlOf(wanted)}"`,
            `NO_PROXY="${wanted.bypass.join(', ')}"`,
          ];
    const isSetting = (line: string) => NAMES.includes(/^\s*(\w+)=/.exec(line)?.[1] ?? '');
    return planOurLines(system, SYSCONFIG, ours, { isSetting });
  },
};
