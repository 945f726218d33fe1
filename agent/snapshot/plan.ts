import type { Config } from '../config/schema.ts';
import { classify } from '../freezer/classes.ts';
import type { FreezePlan } from '../freezer/freezer.ts';
import { fileSystemsOf, parseMountinfo, readMountinfo } from '../freezer/mounts.ts';
import { devicesNamedByTest, type Left, select } from '../freezer/selection.ts';
import { groupsOf, readStanding } from '../freezer/stacking.ts';
import { NO_SCRIPTS, type PlannedScripts, planScripts } from '../scripts/planned.ts';
import { containerOf, containerSigns } from '../system/container.ts';
import { permissionListeners } from '../system/fanotify.ts';
import { otherFreezers } from '../system/other-freezers.ts';
import type { System } from '../system/system.ts';

/** Which file systems will be frozen and which not; can be shown before anything is done. */
export interface SnapshotPlan {
  readonly freeze: FreezePlan;
  readonly left: readonly Left[];
  readonly scripts: PlannedScripts;
  /** What may go wrong while frozen, told beforehand. */
  readonly warnings: readonly string[];
  /** The table of mounts that it was made from. */
  readonly mountinfo: string;
}

/** What a snapshot of a part of the machine holds. */
export interface Narrowed {
  /** Mount points of what can be frozen. */
  readonly mounts: readonly string[];
  /** Ids of what is written to and cannot be: the snapshot is crash-consistent at best. */
  readonly covered: readonly string[];
}

export interface PlanWishes {
  /** `false`: somebody else freezes, or nobody. */
  readonly freeze: boolean;
  /** Of which sections scripts are taken; undefined: none are run. */
  readonly scripts: Config['scripts'] | undefined;
  readonly only?: readonly string[];
  /** In the place of `only`; asked for each plan, since scripts mount and unmount. */
  readonly narrow?: () => Promise<Narrowed>;
  readonly exclude: readonly string[];
  readonly deadlineMs: number;
  readonly expedite: boolean;
}

/** Looks at the machine and decides; touches nothing. */
export async function planSnapshot(system: System, wishes: PlanWishes): Promise<SnapshotPlan> {
  const scripts = wishes.scripts === undefined ? NO_SCRIPTS : await planScripts(system, wishes.scripts);
  const narrowed = (await wishes.narrow?.()) ?? (wishes.only && { mounts: wishes.only, covered: [] });
  const mountinfo = await readMountinfo(system);
  const all = fileSystemsOf(parseMountinfo(mountinfo));
  const testDevices = devicesNamedByTest(system.env);
  const { freeze, left } = select(await classify(system, wishes.freeze && scripts.freezeWanted ? all : []), {
    exclude: wishes.exclude,
    container: containerOf(await containerSigns(system)) !== undefined,
    ...(narrowed === undefined ? {} : { only: narrowed.mounts, covered: narrowed.covered }),
    ...(testDevices === undefined ? {} : { testDevices }),
  });
  const groups = groupsOf(freeze, await readStanding(system, all));
  return {
    freeze: { groups: freeze.length === 0 ? [] : groups, deadlineMs: wishes.deadlineMs, expedite: wishes.expedite },
    left,
    scripts,
    mountinfo,
    warnings: freeze.length === 0 ? [] : await warningsOf(system),
  };
}

/** The plan as it would be made now; undefined when nothing was mounted or unmounted since the last one. */
export async function replanSnapshot(
  system: System,
  wishes: PlanWishes,
  last: SnapshotPlan,
): Promise<SnapshotPlan | undefined> {
  return (await readMountinfo(system)) === last.mountinfo ? undefined : planSnapshot(system, wishes);
}

async function warningsOf(system: System): Promise<readonly string[]> {
  const [listeners, freezers] = await Promise.all([permissionListeners(system), otherFreezers(system)]);
  return [
    ...listeners.map(
      ({ pid, command }) =>
        `${command} (process ${pid}) must allow every file access (fanotify): if its own files are frozen, it stops the machine until the thaw`,
    ),
    ...freezers.map(
      ({ pid, name }) => `${name} (process ${pid}) may freeze file systems too; two at once refuse each other`,
    ),
  ];
}

/** What the outcome and the plan show of the file systems that are left alone; those of the kernel are not worth a line. */
export const worthTelling = (left: readonly Left[]): readonly Left[] =>
  left.filter(({ why, fileSystem }) => why !== 'exempt' || fileSystem.source.startsWith('/'));
