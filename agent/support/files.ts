import { PATHS } from '../system/paths.ts';
import type { System } from '../system/system.ts';
import { Absent, fileEnd, type Part } from './part.ts';
import { FILES, FOLDERS, type Group } from './places.ts';
import { webhooksIn } from './secrets.ts';

/** Of a folder: one that holds more is not what it should be. */
const MOST_FILES = 50;
const FIND_MS = 5000;

/** A part for each file of the bundle. Which ones there are is asked once, of a program: they may lie on a dead disk. */
export async function fileParts(system: System): Promise<(group: Group) => readonly Part[]> {
  const starts = [...Object.values(FILES), ...Object.values(FOLDERS)].flat();
  const there = await filesBelow(system, starts);
  return (group) => [
    ...FILES[group].map((path) =>
      there === undefined || there.has(path)
        ? part(system, group, path)
        : notHad(group, path, new Absent(`there is no file ${path}`)),
    ),
    ...FOLDERS[group].flatMap((folder) => partsBelow(system, group, folder, there)),
  ];
}

function partsBelow(
  system: System,
  group: Group,
  folder: string,
  there: ReadonlySet<string> | undefined,
): readonly Part[] {
  if (there === undefined) return [notHad(group, folder, new Error('what is in it could not be found out'))];
  const paths = [...there].filter((path) => path.startsWith(`${folder}/`)).sort();
  const rest = paths.slice(MOST_FILES).map((path) => notHad(group, path, new Error('too many are beside it')));
  return [...paths.slice(0, MOST_FILES).map((path) => part(system, group, path)), ...rest];
}

const part = (system: System, group: Group, path: string): Part => ({
  ...fileEnd(system, `${group}${path}`, path),
  ...(path.startsWith(PATHS.linux.configFile) ? { secretsIn: webhooksIn } : {}),
});

const notHad = (group: Group, path: string, why: Error): Part => ({
  name: `${group}${path}`,
  limitMs: FIND_MS,
  gather: () => Promise.reject(why),
});

/** What is no folder among the paths, and below them; `undefined` when that could not be found out. */
async function filesBelow(system: System, paths: readonly string[]): Promise<ReadonlySet<string> | undefined> {
  const byStart = new Map(paths.map((path) => [system.resolve(path), path]));
  const argv = ['find', ...byStart.keys(), '-maxdepth', '2', '-not', '-type', 'd', '-not', '-name', '.*'];
  const { ended, stdout } = await system.run([...argv, '-printf', '%H\\t%P\\n'], { timeoutMs: FIND_MS });
  if (ended !== 'exited') return undefined;
  const lines = stdout.split('\n').filter((line) => line !== '');
  return new Set(
    lines.map((line) => {
      const [start = '', rest = ''] = line.split('\t');
      return `${byStart.get(start)}${rest === '' ? '' : `/${rest}`}`;
    }),
  );
}
