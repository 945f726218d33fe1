import { UserError } from '../../errors.ts';
import type { System } from '../../system/system.ts';
import { orUndefinedAfter } from '../../system/waits.ts';
import { creationLog, metadataIn, newFolder, runDiskshadow, type Said, tellEnd } from './diskshadow.ts';
import type { OwedShadows } from './owed.ts';
import { aliasOf, parseShadowIds, parseShadowLog, type ShadowSet } from './shadow-ids.ts';
import type { MountedVolume } from './volumes.ts';
import { parseVssError } from './vss-error.ts';

/** Writers have 60 s, the volumes 10 s; what takes longer by far hangs. */
const CREATE_MS = 600_000;
/** What was told to end at once gets to do so. */
const KILLED_MS = 2000;

export interface CreationWishes {
  readonly volumes: readonly MountedVolume[];
  readonly backupType: 'copy' | 'full';
  /** Durable when it returns. */
  owe(what: OwedShadows): Promise<void>;
}

/** A set of shadow copies that is being made. */
export interface Creation {
  /** Of its session. */
  readonly folder: string;
  /** Rejects with a `UserError` where none came of it. */
  readonly made: Promise<ShadowSet>;
  /**
   * Waits for the end of diskshadow, and ends it after `graceMs`: VSS gives up what a requester leaves unfinished. Returns
   * the set, whatever else went wrong; undefined with `cutShort` where that it was made cannot be ruled out. Nothing is
   * put on record any more after that.
   */
  end(graceMs: number): Promise<{ readonly set: ShadowSet | undefined; readonly cutShort: boolean }>;
}

/** Begins to make shadow copies of these volumes, all at one moment. What is to be deleted by others is on record first. */
export function createShadows(system: System, wishes: CreationWishes): Creation {
  const folder = newFolder();
  const given = new AbortController();
  let set: ShadowSet | undefined;
  let over = false;
  let doubtful = false;
  const run = async (): Promise<Said> => {
    await wishes.owe({ folder });
    const options = { timeoutMs: CREATE_MS, signal: given.signal };
    const said = await runDiskshadow(system, folder, 'create', createCommands(folder, wishes), options);
    doubtful = true;
    // Its log is what another process would have to read; here it stands in where the output was lost.
    set = parseShadowIds(said.output) ?? parseShadowLog((await creationLog(system, folder)) ?? '');
    doubtful = said.cutShort;
    if (set !== undefined && !over) await wishes.owe({ folder, set: set.set });
    return said;
  };
  const running = run();
  const made = running.then((said) => {
    if (said.exitCode !== 0) throw notMade(said);
    if (set?.shadows.length !== wishes.volumes.length) throw notUnderstood(set);
    return set;
  });
  made.catch(() => undefined);
  return {
    folder,
    made,
    async end(graceMs) {
      const ended = running.then(
        () => true,
        () => true,
      );
      const byItself = (await orUndefinedAfter(graceMs, ended)) === true;
      if (!byItself) {
        given.abort();
        await orUndefinedAfter(KILLED_MS, ended);
      }
      over = true;
      // What failed on our side says nothing of what was made by then; its log does.
      if (byItself) set ??= parseShadowLog((await creationLog(system, folder)) ?? '');
      return { set, cutShort: doubtful || !byItself };
    },
  };
}

/**
 * Without BEGIN BACKUP it is a backup of type copy. Aliases of ours are what the shadow copies are found again by in the
 * output; a program run by EXEC could have them from its environment, but no record shows that, and one that a policy
 * forbids would end the session.
 */
export function createCommands(
  folder: string,
  { volumes, backupType }: Pick<CreationWishes, 'volumes' | 'backupType'>,
): readonly string[] {
  const full = backupType === 'full';
  return [
    // Every component of every writer would be listed, and beyond a megabyte of it we stop listening.
    'SET VERBOSE OFF',
    'SET CONTEXT PERSISTENT',
    `SET METADATA ${metadataIn(folder)}`,
    ...(full ? ['BEGIN BACKUP'] : []),
    ...volumes.map((volume, index) => `ADD VOLUME ${nameOf(volume)} ALIAS ${aliasOf(index)}`),
    'CREATE',
    ...(full ? ['END BACKUP'] : []),
  ];
}

/** A folder that a volume is mounted at may have blanks in it; a letter, and the volume's own name, have none. */
const nameOf = ({ path, name }: MountedVolume): string => (/^[a-z]:\\$/i.test(path) ? path.slice(0, 2) : name);

/** One is there then: if its set is known it is deleted like any that came to nothing. */
const notUnderstood = (set: ShadowSet | undefined): UserError =>
  new UserError(
    'vss.not-understood',
    'diskshadow ended well, but the ids of what it made are not found in its output',
    {
      remedy:
        set === undefined
          ? 'See which shadow copies there are, and delete those that were made just now: vssadmin list shadows'
          : `They were deleted again, as the set ${set.set}.`,
    },
  );

function notMade(said: Said): UserError {
  const error = parseVssError(said.output);
  const why = error === undefined ? tellEnd(said) : `${error.name}: ${tellEnd(said)}`;
  const remedy = error?.remedy ?? 'See what VSS needs and has not: quiesced check --group windows';
  return new UserError('vss.not-made', `no shadow copy was made: ${why}`, { remedy });
}
