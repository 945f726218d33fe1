import { posix } from 'node:path';
import { anyThere, readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { parseWaagentConf, WAAGENT_CONFS } from '../system/waagent-conf.ts';
import { planOurLines } from './marked-lines.ts';
import type { ProxySettings } from './settings.ts';
import type { ProxyTarget } from './target.ts';

const KEYS = ['HttpProxy.Host', 'HttpProxy.Port'];

/** For what the agent itself downloads and uploads. Its extensions get nothing of it (WALinuxAgent#2341). */
export const agentConf: ProxyTarget = {
  id: 'waagent-conf',
  platforms: ['linux'],
  about: 'the VM agent itself',

  isHere: (system) => anyThere(system, WAAGENT_CONFS),

  async read(system) {
    const found = WAAGENT_CONFS.map(async (path) => {
      const { values } = parseWaagentConf((await readableText(system, path)) ?? '');
      return KEYS.flatMap((name) => {
        const value = values.get(name);
        return value === undefined ? [] : [{ path, name, value }];
      });
    });
    return (await Promise.all(found)).flat();
  },

  /** Never made: the agent does not start without the rest of it. */
  async plan(system, wanted) {
    const plans = WAAGENT_CONFS.map(async (path) =>
      (await leadsToAnother(system, path)) ? [] : planOurLines(system, path, linesOf(wanted), { isSetting }),
    );
    return (await Promise.all(plans)).flat();
  },
};

/** One may be a link to the other, which is to be changed once. */
async function leadsToAnother(system: System, path: string): Promise<boolean> {
  const target = await system.readLink(path);
  return target !== undefined && WAAGENT_CONFS.includes(posix.resolve(posix.dirname(path), target));
}

/** Bare, IPv6 too: the agent hands both to Python as host and port. */
const linesOf = (wanted: ProxySettings | undefined): readonly string[] =>
  wanted === undefined ? [] : [`HttpProxy.Host=${wanted.host}`, `HttpProxy.Port=${wanted.port}`];

/** By the agent's rules: `#` in the first column alone makes a comment, and the key may be indented. */
const isSetting = (line: string): boolean =>
  !line.startsWith('#') && line.includes('=') && KEYS.includes((line.split('=', 1)[0] ?? '').trim());
