import { readableText } from '../system/readable.ts';
import { planOurLines } from './marked-lines.ts';
import type { ProxyTarget } from './target.ts';
import { isProxyVariable, proxyVariables } from './variables.ts';

const PATH = '/etc/environment';

/** What pam_env(8) gives to logins, cron and su. systemd does not read it, nor do the agent and its extensions. */
export const environment: ProxyTarget = {
  id: 'environment',
  platforms: ['linux'],
  about: 'logins, cron jobs and su (pam_env)',

  isHere: async () => true,

  async read(system) {
    const values = parseEnvironment((await readableText(system, PATH)) ?? '');
    return [...values].flatMap(([name, value]) => (isProxyVariable(name) ? [{ path: PATH, name, value }] : []));
  },

  plan: (system, wanted) =>
    planOurLines(
      system,
      PATH,
      wanted === undefined ? [] : proxyVariables(wanted).map(([name, value]) => `${name}=${value}`),
      { isSetting: (line) => isProxyVariable(parseLine(line)?.[0] ?? '') },
      0o644,
    ),
};

/** As pam_env's own parser reads it: the last of a name counts. */
export const parseEnvironment = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text.split('\n').flatMap((line) => {
      const entry = parseLine(line);
      return entry === undefined ? [] : [entry];
    }),
  );

/**
 * `export` may stand before the name; a `#` ends the value, also within quotes, which are taken off where they stand
 * around it (Linux-PAM, _parse_env_file). Undefined for what it skips.
 */
function parseLine(line: string): readonly [string, string] | undefined {
  const [, name, value] = /^[ \t]*(?:export )?(\w+)=([^#]*)/.exec(line) ?? [];
  if (name === undefined || value === undefined) return undefined;
  return [name, /^["']/.test(value) ? value.slice(1).replace(/["']$/, '') : value];
}
