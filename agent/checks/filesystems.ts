import type { Classified } from '../freezer/classes.ts';
import type { FileSystem } from '../freezer/mounts.ts';
import { readStanding, type Standing } from '../freezer/stacking.ts';
import { azureLimit } from './azure.ts';
import { type Check, fail, info, pass, type Result, skip, warn } from './check.ts';
import { SOURCES } from './limits.ts';
import { gatherStorage, isTrigger, listed, type MountPlace, NO_MOUNTS, pasted } from './storage-evidence.ts';

const count = (number: number, one: string, many = `${one}s`): string => `${number} ${number === 1 ? one : many}`;

export const allCanBeFrozen: Check = {
  id: 'fs.freezable',
  group: 'storage',
  title: 'Every file system that is written to can be frozen',
  platforms: ['linux'],
  source: 'FIFREEZE answers EOPNOTSUPP to the others: ioctl_fifreeze, fs/ioctl.c (Linux 6.18)',
  async run(_system, { evidence }) {
    const { mounts, fileSystems } = await evidence(gatherStorage);
    return mounts.length === 0 ? skip(NO_MOUNTS) : judgeFreezable(fileSystems);
  },
};

export function judgeFreezable(fileSystems: readonly Classified[]): Result {
  const cannot = fileSystems.filter(({ class: kind }) => kind === 'unfreezable');
  const can = fileSystems.filter(({ class: kind }) => kind === 'freezable');
  const places = listed(can.map(({ fileSystem }) => fileSystem.mountPoint));
  if (cannot.length === 0 && can.length === 0) return info('no file system here can be frozen, and none has to be');
  if (cannot.length === 0) return pass(`${count(can.length, 'file system')}: ${places}`);
  const [first] = cannot as [Classified];
  return warn(
    `${listed(cannot.map(({ fileSystem, reason }) => `${fileSystem.mountPoint} (${reason})`))}: a snapshot is crash-consistent at best`,
    `Unmount what is mounted over it, or move the data to ext4, xfs or btrfs; if it need not be consistent, say so by [freeze] exclude.\n$ findmnt ${pasted(first.fileSystem.mountPoint)}`,
  );
}

export const noDuplicates: Check = {
  id: 'fs.duplicates',
  group: 'storage',
  title: 'Each file system is mounted once, and nothing over it',
  platforms: ['linux'],
  source: SOURCES.troubleshoot,
  async run(_system, { evidence }) {
    const { mounts, fileSystems } = await evidence(gatherStorage);
    return mounts.length === 0 ? skip(NO_MOUNTS) : judgeDuplicates(mounts, fileSystems);
  },
};

/** File systems with data only: the kernel's own are mounted twice all the time, and triggers stand beneath theirs. */
export function judgeDuplicates(mounts: readonly MountPlace[], fileSystems: readonly Classified[]): Result {
  const withData = new Set(
    fileSystems.filter(({ class: kind }) => kind !== 'exempt').map((each) => each.fileSystem.id),
  );
  const places = Map.groupBy(
    mounts.filter((mount) => mount.type !== 'autofs'),
    ({ mountPoint }) => mountPoint,
  );
  const twice = [...places].filter(([, at]) => at.length > 1 && at.some(({ device }) => withData.has(device)));
  if (twice.length > 0) {
    return warn(
      `${listed(twice.map(([place, at]) => `${place} (${at.map(({ source }) => source).join(', ')})`))}: mounted over one another, so the lower one cannot be reached, and Azure's extension freezes the upper one twice`,
      `Unmount the upper one, or the one that is not meant to be there:\n${twice
        .slice(0, 3)
        .map(([place]) => `$ findmnt --all ${pasted(place)}`)
        .join('\n')}`,
    );
  }
  const several = fileSystems.filter(
    ({ fileSystem }) => withData.has(fileSystem.id) && fileSystem.mountPoints.length > 1,
  );
  if (several.length === 0) return pass('none twice');
  const names = several.map(
    ({ fileSystem: { mountPoint, mountPoints } }) => `${mountPoint} (${mountPoints.length} places)`,
  );
  return info(`${listed(names)}: mounted in several places, and frozen once`);
}

export const noLoopNesting: Check = {
  id: 'fs.loop-nesting',
  group: 'storage',
  title: 'No file system stands in a file of another one',
  platforms: ['linux'],
  source: 'open-vm-tools b9382f4cb (2021); https://github.com/abbbi/virtnbdbackup/issues/102 (2023)',
  async run(system, { evidence }) {
    const { mounts, fileSystems } = await evidence(gatherStorage);
    if (mounts.length === 0) return skip(NO_MOUNTS);
    const all = fileSystems.map(({ fileSystem }) => fileSystem);
    return judgeNesting(fileSystems, await readStanding(system, all));
  },
};

/** A read-only one (a snap, an image of a CD) writes nothing below it. */
export function judgeNesting(fileSystems: readonly Classified[], standing: Standing): Result {
  const byId = new Map(fileSystems.map(({ fileSystem }) => [fileSystem.id, fileSystem]));
  const below = ({ id }: FileSystem): readonly string[] =>
    [...(standing.get(id) ?? [])].map((other) => byId.get(other)?.mountPoint ?? other);
  const nested = fileSystems.filter(({ class: kind, fileSystem }) => kind !== 'exempt' && below(fileSystem).length > 0);
  if (nested.length === 0) return pass('none that is written to');
  const shown = nested.map(({ fileSystem }) => `${fileSystem.mountPoint} in a file on ${below(fileSystem).join(', ')}`);
  return warn(
    `${listed(shown)}: quiesced freezes it first, but Azure's extension leaves it out, and others freeze it last and hang`,
    `Put the data on a disk or volume of its own, or see who needs the file:\n$ losetup --list --output NAME,BACK-FILE`,
  );
}

export const noTriggers: Check = {
  id: 'fs.autofs',
  group: 'storage',
  title: 'Nothing is mounted on first use',
  platforms: ['linux'],
  source: 'open-vm-tools, syncDriverLinux.c: file systems that are never opened (2024)',
  async run(_system, { evidence }) {
    const { mounts, fileSystems } = await evidence(gatherStorage);
    if (mounts.length === 0) return skip(NO_MOUNTS);
    return judgeTriggers(fileSystems.filter(({ fileSystem }) => isTrigger(fileSystem)));
  },
};

export const judgeTriggers = (triggers: readonly Classified[]): Result =>
  triggers.length === 0
    ? pass('there is no automount trigger')
    : info(
        `${listed(triggers.map(({ fileSystem }) => fileSystem.mountPoint))}: automount triggers, which are never touched; what is not mounted is not frozen`,
      );

/** Where extensions are unpacked and started from, the most telling last. */
const PROGRAM_PLACES = ['/var', '/var/lib', '/var/lib/waagent'];

export const programsMayRun: Check = {
  id: 'fs.noexec',
  group: 'storage',
  title: 'Programs may run where extensions are unpacked',
  platforms: ['linux'],
  source: `${SOURCES.supportMatrix}; Microsoft's VM assist for Linux (2025)`,
  async run(_system, { facts, evidence }) {
    const { mounts } = await evidence(gatherStorage);
    return mounts.length === 0 ? skip(NO_MOUNTS) : azureLimit(facts, judgeNoexec(mounts));
  },
};

export function judgeNoexec(mounts: readonly MountPlace[]): Result {
  const noexec = (path: string): boolean => mountOf(mounts, path)?.options.includes('noexec') ?? false;
  const place = PROGRAM_PLACES.findLast(noexec);
  const at = place === undefined ? undefined : mountOf(mounts, place)?.mountPoint;
  if (at !== undefined) {
    return fail(
      `${at} is mounted noexec: no extension can run from ${PROGRAM_PLACES.at(-1)}`,
      `Take noexec out of its line in /etc/fstab, or give /var/lib/waagent a file system of its own:\n$ mount -o remount,exec ${pasted(at)}`,
    );
  }
  return noexec('/tmp') ? info('/tmp is mounted noexec: scripts must not be started from there') : pass('they may');
}

/** The mount that a path is on: the deepest, and of several at one place the last, which covers the others. */
export function mountOf(mounts: readonly MountPlace[], path: string): MountPlace | undefined {
  const holds = ({ mountPoint }: MountPlace) =>
    mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`);
  return mounts
    .filter(holds)
    .reduce<MountPlace | undefined>(
      (best, mount) => (best === undefined || mount.mountPoint.length >= best.mountPoint.length ? mount : best),
      undefined,
    );
}
