import { posix, win32 } from 'node:path';
import { errnoOf, messageOf, UserError } from '../errors.ts';
import { PATHS } from '../system/paths.ts';
import type { Platform, System } from '../system/system.ts';
import { distrust } from '../system/trust.ts';
import { buildConfig } from './build.ts';
import type { IniFile } from './ini.ts';
import { readIni } from './ini.ts';
import { interpret } from './interpret.ts';
import { invalidConfig } from './problems.ts';
import { impossible } from './rules.ts';
import type { Config, Source } from './schema.ts';

/** The configuration of this machine, and where each value of it came from. */
export interface LoadedConfig {
  readonly config: Config;
  /** By `section.key`: `snapshot.frozen-deadline`, `quiescer pg.main.enabled`. */
  readonly sources: Readonly<Record<string, Source>>;
  /** Those that were read, in order: a later one wins. */
  readonly files: readonly string[];
}

/** More than any configuration; what is bigger is another file by mistake. */
const MAX_BYTES = 256 * 1024;

/**
 * Reads `quiesced.conf` and its drop-ins; works with no file at all. Throws a `UserError`: `config.unsafe` when somebody
 * but root could have written a file, `config.unreadable`, or `config.invalid` with all problems of all files.
 */
export async function loadConfig(system: System): Promise<LoadedConfig> {
  const { configFile, configDropIns } = PATHS[system.platform];
  const read: IniFile[] = [];
  await mustBeTrusted(system, [configFile, configDropIns]);
  const dropIns = await dropInsOf(system, configDropIns);
  await mustBeTrusted(system, dropIns);
  for (const file of [configFile, ...dropIns]) {
    const text = await textOf(system, file);
    if (text !== undefined) read.push(readIni(file, text));
  }

  const interpretation = await interpret(read, system.platform);
  const built = await buildConfig(interpretation, system.platform);
  const problems = [...interpretation.problems, ...impossible(built, interpretation.problems, system.platform)];
  if (problems.length > 0) throw invalidConfig(problems);
  return { ...built, files: read.map(({ file }) => file) };
}

/** What holds with no file at all: for those who must act although the files are at fault. */
export async function defaultConfig(platform: Platform): Promise<Config> {
  return (await buildConfig(await interpret([], platform), platform)).config;
}

/** In alphabetical order. Hidden ones are what editors leave behind (`.#10-site.conf`). */
async function dropInsOf(system: System, folder: string): Promise<readonly string[]> {
  const { join } = system.platform === 'windows' ? win32 : posix;
  const names = await readable(folder, async () => {
    const stat = await system.stat(folder);
    if (stat !== undefined && stat.kind !== 'directory') throw unreadable(folder, 'it is not a folder');
    return await system.list(folder);
  });
  return (names ?? [])
    .filter((name) => name.endsWith('.conf') && !name.startsWith('.'))
    .map((name) => join(folder, name));
}

const textOf = (system: System, file: string): Promise<string | undefined> =>
  readable(file, async () => {
    const stat = await system.stat(file);
    // A link that leads nowhere was made to be read; to go on without it would be a guess.
    if (stat === undefined && (await system.readLink(file)) !== undefined)
      throw unreadable(file, 'it is a link to nothing');
    // A pipe would keep us waiting for ever.
    if (stat !== undefined && stat.kind !== 'file') throw unreadable(file, 'it is not a regular file');
    if (stat !== undefined && stat.sizeBytes > MAX_BYTES) throw unreadable(file, 'it is larger than 256 KiB');
    return await system.readText(file);
  });

async function readable<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UserError || errnoOf(error) === undefined) throw error;
    throw unreadable(path, messageOf(error), error);
  }
}

const unreadable = (path: string, why: string, cause?: unknown): UserError =>
  new UserError('config.unreadable', `${path} cannot be read: ${why}`, {
    remedy:
      errnoOf(cause) === 'EACCES' ? 'Run the command as root.' : `Look at it, then mend or remove it: ls -l ${path}`,
    cause,
  });

/** Only for the running machine: nothing of a mounted disk is ever obeyed, and its owners are not ours. */
async function mustBeTrusted(system: System, paths: readonly string[]): Promise<void> {
  if (!system.live) return;
  const found = new Map<string, string>();
  for (const path of paths) {
    const reason = await readable(path, () => distrust(system, path));
    if (reason !== undefined) found.set(reason.what, reason.remedy);
  }
  if (found.size === 0) return;
  throw new UserError('config.unsafe', `The configuration is not safe to use: ${[...found.keys()].join('; ')}`, {
    remedy: [...found.values()].join('\n'),
  });
}
