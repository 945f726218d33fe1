import { readableList, readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { UNIT_FOLDERS } from '../system/waagent-unit.ts';

/** A variable of a unit's processes, and the file that sets it. */
export interface UnitVariable {
  readonly path: string;
  readonly value: string;
}

/**
 * What a unit's next start would give to its processes by `Environment=` and `EnvironmentFile=`, from its file and its
 * drop-ins. Not from `systemctl show`: that knows nothing of a file that was changed since the last daemon-reload.
 */
export async function unitEnvironment(system: System, unit: string): Promise<ReadonlyMap<string, UnitVariable>> {
  const set = new Map<string, UnitVariable>();
  const fromFiles: string[] = [];
  for (const path of await unitFiles(system, unit)) {
    for (const [key, value] of assignments((await readableText(system, path)) ?? '')) {
      if (key === 'EnvironmentFile') fromFiles.push(value.replace(/^-/, ''));
      if (key !== 'Environment') continue;
      // An empty one forgets all before it.
      if (value === '') set.clear();
      for (const [name, text] of environmentOf(value)) set.set(name, { path, value: text });
    }
  }
  // Whatever their order in the unit, files win over Environment=: systemd.exec(5).
  for (const path of fromFiles) {
    for (const [name, value] of environmentFile(await plainText(system, path))) set.set(name, { path, value });
  }
  return set;
}

/** Empty for what is no file with a name that can be opened: a pipe would keep us waiting. Patterns are not looked for. */
async function plainText(system: System, path: string): Promise<string> {
  if (!/^\/[^\0]*$/.test(path) || (await system.stat(path).catch(() => undefined))?.kind !== 'file') return '';
  return (await readableText(system, path)) ?? '';
}

/** The first unit file that is found, then the drop-ins of all folders by their names; one hides its namesakes. */
async function unitFiles(system: System, unit: string): Promise<readonly string[]> {
  const files: string[] = [];
  for (const folder of UNIT_FOLDERS) {
    if (files.length === 0 && (await readableText(system, `${folder}/${unit}`)) !== undefined)
      files.push(`${folder}/${unit}`);
  }
  const dropIns = new Map<string, string>();
  for (const folder of UNIT_FOLDERS) {
    for (const name of await readableList(system, `${folder}/${unit}.d`)) {
      if (name.endsWith('.conf') && !dropIns.has(name)) dropIns.set(name, `${folder}/${unit}.d/${name}`);
    }
  }
  const sorted = [...dropIns].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
  return files.length === 0 ? [] : [...files, ...sorted];
}

/** `Key=value` lines of all sections; a backslash at the end of a line goes on in the next, but for comments. */
const assignments = (text: string): readonly (readonly [string, string])[] =>
  text
    .split('\n')
    .filter((line) => !/^[#;]/.test(line.trimStart()))
    .join('\n')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .flatMap(keyAndValue);

/** Empty for what is none. A pattern with blanks at both ends would take quadratic time. */
function keyAndValue(line: string): readonly (readonly [string, string])[] {
  const at = line.indexOf('=');
  const key = line.slice(0, Math.max(0, at)).trim();
  return /^\w+$/.test(key) ? [[key, line.slice(at + 1).trim()]] : [];
}

/** The assignments in one `Environment=`: words, each maybe in quotes, `%%` for a percent sign. */
export const environmentOf = (value: string): readonly (readonly [string, string])[] =>
  [...value.matchAll(/"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s"']\S*)/g)].flatMap(([, double, single, bare]) => {
    const word = (double ?? single ?? bare ?? '').replaceAll(/\\(.)/g, '$1').replaceAll('%%', '%');
    const at = word.indexOf('=');
    return at <= 0 ? [] : [[word.slice(0, at), word.slice(at + 1)] as const];
  });

/** Lines as a shell would read them, without its expansions: systemd.exec(5), EnvironmentFile=. */
const environmentFile = (text: string): readonly (readonly [string, string])[] =>
  text
    .split('\n')
    .flatMap(keyAndValue)
    .map(([name, value]) => [name, value.replace(/^(["'])(.*)\1$/, '$2')]);
