import type { FileChange } from '../system/changes.ts';
import { planFile } from '../system/owned-file.ts';
import { isThere } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { AGENT_UNITS, UNIT_FOLDERS } from '../system/waagent-unit.ts';
import type { ProxySettings } from './settings.ts';
import type { ProxyTarget } from './target.ts';
import { unitEnvironment } from './unit-environment.ts';
import { isProxyVariable, proxyVariables } from './variables.ts';

export const OWN_UNIT = 'quiesced.service';

/** Whom the agent starts inherits it: the one way to tell extensions of a proxy. */
export const agentUnit: ProxyTarget = {
  id: 'agent-unit',
  platforms: ['linux'],
  about: 'the VM agent and the extensions that it runs',
  ...dropInsOf(AGENT_UNITS),
};

export const ownUnit: ProxyTarget = {
  id: 'own-unit',
  platforms: ['linux'],
  about: 'this daemon',
  ...dropInsOf([OWN_UNIT]),
};

/** Drop-ins, so that the units' own files are never edited and removal leaves no trace. */
function dropInsOf(units: readonly string[]): Pick<ProxyTarget, 'isHere' | 'read' | 'plan'> {
  return {
    async isHere(system) {
      return (await Promise.all(units.map((unit) => unitExists(system, unit)))).includes(true);
    },

    async read(system) {
      const found = units.map(async (unit) => {
        const variables = await unitEnvironment(system, unit);
        return [...variables].flatMap(([name, { path, value }]) =>
          isProxyVariable(name) ? [{ path, name, value }] : [],
        );
      });
      return (await Promise.all(found)).flat();
    },

    async plan(system, wanted) {
      const plans = units.map(async (unit) =>
        planDropIn(system, unit, (await unitExists(system, unit)) ? wanted : undefined),
      );
      return (await Promise.all(plans)).flat();
    },
  };
}

export const dropInFolder = (unit: string): string => `/etc/systemd/system/${unit}.d`;
const NAME = 'quiesced-proxy.conf';

async function planDropIn(
  system: System,
  unit: string,
  wanted: ProxySettings | undefined,
): Promise<readonly FileChange[]> {
  const folder = dropInFolder(unit);
  const file = wanted && { text: dropInText(wanted), mode: 0o644 };
  const changes = await planFile(system, `${folder}/${NAME}`, file);
  if (changes.length === 0) return [];
  const names = await system.list(folder);
  if (names === undefined) return [{ do: 'make-folder', path: folder, mode: 0o755 }, ...changes];
  const last = wanted === undefined && names.length === 1;
  return last ? [...changes, { do: 'remove-folder', path: folder }] : changes;
}

/** An alias is another name of a unit that is there too: systemd reads the drop-ins of both names. */
async function unitExists(system: System, unit: string): Promise<boolean> {
  for (const folder of UNIT_FOLDERS) {
    if ((await system.readLink(`${folder}/${unit}`)) === undefined && (await isThere(system, `${folder}/${unit}`)))
      return true;
  }
  return false;
}

const dropInText = (wanted: ProxySettings): string =>
  ['[Service]', ...proxyVariables(wanted).map(([name, value]) => environmentLine(name, value)), ''].join('\n');

/** systemd expands `%`, and unescapes within quotes: systemd.exec(5), systemd.syntax(7). */
export const environmentLine = (name: string, value: string): string =>
  `Environment="${name}=${value.replaceAll(/["\\]/g, '\\$&').replaceAll('%', '%%')}"`;
