import { readableText } from '../system/readable.ts';
import { registryOf, registryText } from '../system/registry.ts';
import type { System } from '../system/system.ts';

const QUERY_MS = 3000;

/** A package or program by its name, and which version of it is installed. */
export interface Installed {
  readonly name: string;
  readonly version: string;
}

/** Of these packages, those that are installed: by dpkg, else by rpm. Nothing where neither is, or on a disk that does not run. */
export async function installedPackages(system: System, names: readonly string[]): Promise<readonly Installed[]> {
  if (!system.live || names.length === 0) return [];
  for (const argv of [
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as dpkg-query(1) wants it
    ['dpkg-query', '--show', '--showformat=${Package}\\t${Version}\\n', '--', ...names],
    ['rpm', '--query', '--queryformat', '%{NAME}\\t%{VERSION}-%{RELEASE}\\n', '--', ...names],
  ]) {
    // Both end with 1 when one of several is not installed.
    const { ended, stdout } = await system.run(argv, { timeoutMs: QUERY_MS });
    if (ended === 'exited') return parsePackages(stdout);
  }
  return [];
}

/** A name, a tab and a version to the line; what a manager says of one that it does not have is neither. */
export const parsePackages = (output: string): readonly Installed[] =>
  output.split('\n').flatMap((line) => {
    const [, name, version] = /^([\w.+-]+)\t([\w.+~:-]+)$/.exec(line) ?? [];
    return name === undefined || version === undefined ? [] : [{ name, version }];
  });

/** The installer of the mobility service writes it here. */
const MOBILITY = '/usr/local/.vx_version';

/** Of Site Recovery's mobility service, which comes in no package: `VERSION=9.57.7078.1`. */
export const mobilityVersion = async (system: System): Promise<string | undefined> =>
  versionLine((await readableText(system, MOBILITY)) ?? '');

export const versionLine = (text: string): string | undefined =>
  /^[ \t]*VERSION[ \t]*=[ \t]*([\d.]+)[ \t\r]*$/im.exec(text)?.[1];

const UNINSTALL = 'SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall';
/** Programs of 32 bits have a list of their own. */
const LISTS = [`HKLM\\${UNINSTALL}`, `HKLM\\${UNINSTALL.replace('SOFTWARE', 'SOFTWARE\\WOW6432Node')}`];

/** What Windows lists as installed: one with no name to show is a part of another. */
export async function installedOnWindows(system: System): Promise<readonly Installed[]> {
  const registry = registryOf(system);
  const listed = await Promise.all(
    LISTS.map(async (list) => (await registry.keys(list)).map((key) => `${list}\\${key}`)),
  );
  const installed = await Promise.all(
    listed.flat().map(async (key) => ({
      name: (await registryText(system, `${key}\\DisplayName`)) ?? '',
      version: (await registryText(system, `${key}\\DisplayVersion`)) ?? '',
    })),
  );
  return installed.filter(({ name }) => name !== '');
}
