import { messageOf, UserError } from '../../errors.ts';
import { PATHS } from '../../system/paths.ts';
import type { System } from '../../system/system.ts';
import { askWriters, type VssWriters, WRITERS_MS } from '../../system/vss-writers.ts';
import { rejectedBy } from '../../system/waits.ts';
import { placesOf } from '../../system/windows-volumes.ts';
import type { Taker } from '../taker.ts';
import { type Creation, createShadows } from './creation.ts';
import { deleteSet } from './delete-set.ts';
import { assertDiskshadow, removeFolder } from './diskshadow.ts';
import { failedBefore, writerProblems } from './held-by-writers.ts';
import { addKept, prune, readKept } from './kept.ts';
import type { ShadowSet } from './shadow-ids.ts';
import { type ChosenVolumes, chooseVolumes } from './volumes.ts';

export interface VssWishes {
  /** Paths of volumes; empty: all that there can be shadow copies of. */
  readonly volumes: readonly string[];
  readonly backupType: 'copy' | 'full';
  /** How many sets stay after a run, this one included. */
  readonly keep: number;
  /** No snapshot unless every writer is well beforehand. */
  readonly required: boolean;
}

/** The run is not begun before that; the answer is of use, but not worth more. */
const BEFORE_MS = 45_000;
/** What a creation that was given up gets to come to its end in: then its id is known, and it can be deleted. */
const GRACE_MS = 15_000;

/**
 * Shadow copies of this Windows' own volumes, made by diskshadow: within it VSS has its writers bring their applications
 * to rest, and the volumes hold their writes back for the moment of the copy. Nothing is frozen by us for it.
 */
export function vssTaker(system: System, wishes: VssWishes, graceMs = GRACE_MS): Taker {
  let owe: (what: unknown) => Promise<void> = async () => undefined;
  let volumes: ChosenVolumes | undefined;
  let before: VssWriters = { writers: undefined, fault: 'not asked' };
  let creation: Creation | undefined;

  return {
    id: 'vss',
    takes: true,
    record(given) {
      owe = given;
    },
    async prepare() {
      await assertDiskshadow(system);
      // What could not be written down at the end would be deleted by the next run, however good it is.
      await readKept(system);
      volumes = await chooseVolumes(system, wishes.volumes);
      before = await askWriters(system, BEFORE_MS);
      const failed = failedBefore(before);
      if (wishes.required && failed !== undefined) throw failed;
    },
    async take(signal) {
      signal.throwIfAborted();
      if (volumes === undefined) throw new Error('the vss taker was not prepared');
      const { chosen, left } = volumes;
      creation = createShadows(system, { volumes: chosen, backupType: wishes.backupType, owe });
      const set = await Promise.race([creation.made, rejectedBy(signal)]);
      return { snapshot: nameOf(set, volumes), held: { volumes: chosen.flatMap(placesOf), left } };
    },
    async verify() {
      const problems = writerProblems(before, await askWriters(system, WRITERS_MS));
      if (problems.length > 0) throw new AggregateError(problems, 'not every VSS writer took part');
    },
    async finish({ consistency, snapshot }, signal) {
      const mine = creation;
      if (mine === undefined) return;
      const { set, cutShort } = await mine.end(graceMs);
      // From here on it may be too late: the record is another run's then, and what stands in it is settled by that one.
      signal.throwIfAborted();
      if (set === undefined && cutShort) throw cutShortly();
      const isKept = snapshot !== undefined && wishes.keep > 0;
      if (set !== undefined && isKept) {
        const one = { set: set.set, madeAt: system.clock.now().toISOString(), consistency };
        await addKept(system, one).catch((cause) => {
          throw notKept(cause);
        });
      } else if (set !== undefined) {
        await deleteSet(system, mine.folder, set.set);
      }
      signal.throwIfAborted();
      creation = undefined;
      try {
        // Before anything else that may fail: what is owed otherwise then is deleted, however good it is.
        await owe({ folder: mine.folder, settled: true });
        // Those of before are deleted only once there is another.
        if (snapshot !== undefined) await prune(system, mine.folder, wishes.keep, signal);
      } finally {
        await removeFolder(system, mine.folder);
        if (!signal.aborted) await owe(undefined);
      }
    },
  };
}

const cutShortly = (): UserError =>
  new UserError('vss.cut-short', 'diskshadow did not come to its end; what it may have left is still owed', {
    remedy: 'It is looked for when quiesced starts the next time. To do it now: quiesced thaw',
  });

const notKept = (cause: unknown): UserError =>
  new UserError(
    'vss.not-kept',
    `the shadow copies could not be written down, and are deleted by the next run: ${messageOf(cause)}`,
    { remedy: `Make room on the disk of ${PATHS.windows.state}, then take another one.`, cause },
  );

/** `{set} C:\={shadow} E:\={shadow}`: what names them to whoever restores. */
const nameOf = ({ set, shadows }: ShadowSet, { chosen }: ChosenVolumes): string =>
  [set, ...chosen.map(({ path }, index) => `${path}=${shadows[index]}`)].join(' ');
