import { messageOf } from '../errors.ts';
import { classify } from '../freezer/classes.ts';
import { fileSystemsOf, mountOf, parseMountinfo, readMountinfo } from '../freezer/mounts.ts';
import { select } from '../freezer/selection.ts';
import { createQuiescers } from '../quiescers/configured.ts';
import type { ConfiguredQuiescer } from '../quiescers/quiescer.ts';
import { type Survey, survey, surveyDatabases } from '../quiescers/survey.ts';
import type { System } from '../system/system.ts';
import type { CheckContext } from './check.ts';
import { gatherScripts } from './scripts.ts';

/** The databases of this machine and what would hold them: evidence that several checks judge. */
export interface DatabasesHere extends Survey {
  /** Why the sections of the quiescers cannot be used. */
  readonly configFault: string | undefined;
  /** By the id of a quiescer, in seconds. */
  readonly lockWaitSeconds: ReadonlyMap<string, number>;
  /** Names of scripts that run before a snapshot, and may hold whatever they like. */
  readonly preScripts: readonly string[];
}

/** Connects to what is configured. Gathered once per run: `context.evidence(gatherDatabases)`. */
export async function gatherDatabases(system: System, { evidence }: CheckContext): Promise<DatabasesHere> {
  const { config, scripts } = await evidence(gatherScripts);
  const preScripts = scripts.filter(({ pre }) => pre !== undefined).map(({ name }) => name);
  const lockWaitSeconds = new Map(config.quiescers.map(({ name, lockWaitMs }) => [name, lockWaitMs / 1000]));
  let quiescers: readonly ConfiguredQuiescer[];
  try {
    quiescers = await createQuiescers(system, config, []);
  } catch (error) {
    const databases = await surveyDatabases(system, []);
    return { databases, quiescers: [], configFault: messageOf(error), lockWaitSeconds, preScripts };
  }
  return { ...(await survey(system, quiescers)), configFault: undefined, lockWaitSeconds, preScripts };
}

/** Those of the folders, real paths, that a snapshot would not freeze, with why. */
export async function unfrozenFolders(
  system: System,
  folders: readonly string[],
  exclude: readonly string[],
): Promise<readonly string[]> {
  const mounts = parseMountinfo(await readMountinfo(system));
  const { freeze, left } = select(await classify(system, fileSystemsOf(mounts)), { exclude, container: false });
  return folders.flatMap((folder) => {
    const device = mountOf(mounts, folder)?.device;
    if (freeze.some(({ id }) => id === device)) return [];
    const { fileSystem, reason } = left.find((each) => each.fileSystem.id === device) ?? {};
    return [
      `${folder} (${fileSystem === undefined ? 'on no file system that is known' : `${fileSystem.mountPoint}: ${reason}`})`,
    ];
  });
}
