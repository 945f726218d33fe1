import type { Config } from '../config/schema.ts';
import { messageOf, UserError } from '../errors.ts';
import { classify } from '../freezer/classes.ts';
import { fileSystemsOf, mountOf, parseMountinfo, readMountinfo } from '../freezer/mounts.ts';
import { select } from '../freezer/selection.ts';
import { createQuiescers } from '../quiescers/configured.ts';
import type { ConfiguredQuiescer } from '../quiescers/quiescer.ts';
import { type Survey, survey, surveyDatabases } from '../quiescers/survey.ts';
import type { System } from '../system/system.ts';
import { volumesHolding } from '../system/windows-volumes.ts';
import { chooseVolumes } from '../takers/vss/volumes.ts';
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
export async function gatherDatabases(system: System, { evidence, self = [] }: CheckContext): Promise<DatabasesHere> {
  const { config, scripts } = await evidence(gatherScripts);
  const preScripts = scripts.filter(({ pre }) => pre !== undefined).map(({ name }) => name);
  const lockWaitSeconds = new Map(config.quiescers.map(({ name, lockWaitMs }) => [name, lockWaitMs / 1000]));
  let quiescers: readonly ConfiguredQuiescer[];
  try {
    quiescers = await createQuiescers(system, config, self);
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

/**
 * The same on Windows, of the shadow copy that holds what it can: ours where that is the taker, else one of every volume,
 * as whoever backs up the machine makes it.
 */
export async function unshadowedFolders(
  system: System,
  folders: readonly string[],
  { snapshot, vss }: Pick<Config, 'snapshot' | 'vss'>,
): Promise<readonly string[]> {
  try {
    const { chosen, left } = await chooseVolumes(system, snapshot.taker === 'vss' ? vss.volumes : []);
    const reasons = new Map<string, string | undefined>([
      ...chosen.map(({ path }) => [path, undefined] as const),
      ...left.map(({ mountPoint, reason }) => [mountPoint, `${mountPoint}: ${reason}`] as const),
    ]);
    const mounted = [...reasons.keys()].map((path) => ({ path }));
    return folders.flatMap((folder) => {
      const [volume] = volumesHolding(mounted, [folder]);
      const reason = volume === undefined ? 'on no disk of this machine' : reasons.get(volume);
      return reason === undefined ? [] : [`${folder} (${reason})`];
    });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return folders.map((folder) => `${folder} (${error.message})`);
  }
}
