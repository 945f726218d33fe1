import { isThere, readableList } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { placesOf, type WindowsVolume } from '../system/windows-volumes.ts';
import { type Check, fail, info, pass, type Result, skip, warn } from './check.ts';
import { SOURCES, SPACE, WINDOWS_IMAGE, WINDOWS_SPACE } from './limits.ts';
import { systemDrive } from './windows-agent.ts';
import { servicesOf } from './windows-services.ts';

const MIB = 1024 ** 2;
export const NO_VOLUMES = 'no volume of a local disk is to be seen';

/** Asked once a run: a disk that answers slowly keeps the whole process waiting. */
export async function gatherWindowsVolumes({ volumes }: System): Promise<readonly WindowsVolume[]> {
  if (volumes === undefined) throw new Error('there is nobody to ask for volumes here');
  return volumes.list();
}

export const volumeName = ({ path, name }: WindowsVolume): string => path?.replace(/\\$/, '') ?? name;
export const volumeNames = (volumes: readonly WindowsVolume[]): string => volumes.map(volumeName).join(', ');

/** Part of `fs.space`. */
export function judgeWindowsSpace(volumes: readonly WindowsVolume[], drive: string): Result {
  const measured = volumes.flatMap((volume) => {
    const { sizeBytes, freeBytes } = volume;
    if (sizeBytes === undefined || freeBytes === undefined || sizeBytes === 0) return [];
    const percent = Math.ceil((100 * (sizeBytes - freeBytes)) / sizeBytes);
    // Another volume may be mounted in a folder of that drive.
    const isSystem = placesOf(volume).some((path) => path.toLowerCase() === `${drive}\\`.toLowerCase());
    return [{ name: volumeName(volume), percent, freeBytes, isSystem }];
  });
  const fullest = measured.toSorted((a, b) => b.percent - a.percent)[0];
  if (fullest === undefined) return skip(NO_VOLUMES);
  const remedy = `See what takes the space, and have what can go removed:\n$ cleanmgr\n$ dism /online /cleanup-image /startcomponentcleanup`;
  const system = measured.find(({ isSystem }) => isSystem);
  const { lowBytes, noneBytes } = WINDOWS_SPACE;
  if (system !== undefined && system.freeBytes < lowBytes) {
    const left = `${system.name} has ${Math.floor(system.freeBytes / MIB)} MiB left`;
    return system.freeBytes < noneBytes
      ? fail(`${left}: the agent cannot write there`, remedy)
      : warn(`${left}, and an extension of the agent needs more`, remedy);
  }
  const tight = measured.filter(({ percent }) => percent >= SPACE.nearlyFull);
  if (tight.length === 0) return pass(`the fullest is ${fullest.name} with ${fullest.percent} %`);
  return warn(
    `${tight.map(({ name, percent }) => `${name} ${percent} %`).join(', ')} full: a shadow copy needs space of its own`,
    remedy,
  );
}

export const reFsIsKnown: Check = {
  id: 'vol.refs',
  group: 'storage',
  title: 'Every volume is of NTFS',
  platforms: ['windows'],
  source: SOURCES.supportMatrix,
  async run(_system, { evidence }) {
    return judgeReFs(await evidence(gatherWindowsVolumes));
  },
};

export function judgeReFs(volumes: readonly WindowsVolume[]): Result {
  if (volumes.length === 0) return skip(NO_VOLUMES);
  const refs = volumes.filter(({ fileSystem }) => fileSystem === 'ReFS');
  if (refs.length === 0) return pass(`${volumes.length}, and no ReFS`);
  return info(`${volumeNames(refs)} is of ReFS: supported, and frozen by VSS as NTFS is`);
}

export const noVolumeIsDirty: Check = {
  id: 'win.chkdsk',
  group: 'restore',
  title: 'No volume waits to be checked',
  platforms: ['windows'],
  needsRoot: true,
  source: WINDOWS_IMAGE.source,
  async run(_system, { evidence }) {
    return judgeDirty(await evidence(gatherWindowsVolumes));
  },
};

export function judgeDirty(volumes: readonly WindowsVolume[]): Result {
  const asked = volumes.filter(({ dirty }) => dirty !== undefined);
  if (asked.length === 0)
    return skip(volumes.length === 0 ? NO_VOLUMES : 'no volume tells whether it is to be checked');
  const dirty = asked.filter(({ dirty: isDirty }) => isDirty);
  if (dirty.length === 0) return pass(volumeNames(asked));
  return fail(
    `${volumeNames(dirty)} is to be checked at the next start: a restored machine would begin with that, and what is broken is in every backup`,
    `Check it now:\n${dirty.map((volume) => `$ chkdsk ${volumeName(volume)} /f`).join('\n')}`,
  );
}

export const noDeduplication: Check = {
  id: 'vol.dedup',
  group: 'storage',
  title: 'No volume is deduplicated',
  platforms: ['windows'],
  needsRoot: true,
  source: SOURCES.supportMatrix,
  async run(system, { evidence }) {
    const { ddpsvc: service } = await servicesOf(system, ['ddpsvc']);
    if (service === undefined) return pass('data deduplication is not installed');
    const volumes = await evidence(gatherWindowsVolumes);
    const store = await Promise.all(
      volumes.map((volume) => isThere(system, `${volumeName(volume)}\\System Volume Information\\Dedup\\ChunkStore`)),
    );
    return judgeDeduplication(volumes.filter((_, at) => store[at]));
  },
};

export const judgeDeduplication = (volumes: readonly WindowsVolume[]): Result =>
  volumes.length === 0
    ? info('data deduplication is installed; no store of it was found on a volume')
    : warn(
        `${volumeNames(volumes)} is deduplicated: single files cannot be restored from a backup of it`,
        'Restore its disks instead, or turn the deduplication back:\n$ powershell Start-DedupJob -Type Unoptimization -Volume D:',
      );

/** What Azure leaves on the disk of the host, and Windows on every one. */
const EXPECTED =
  /^(DATALOSS_WARNING_README\.txt|pagefile\.sys|swapfile\.sys|\$RECYCLE\.BIN|System Volume Information|CollectGuestLogsTemp|Temp)$/i;

/** Part of `disk.temp`: which files are on the disk that is the host's own. */
export async function judgeWindowsTemporary(system: System, volumes: readonly WindowsVolume[]): Promise<Result> {
  const roots = volumes
    .flatMap(({ path }) => path?.replace(/\\$/, '') ?? [])
    .filter((root) => root !== systemDrive(system));
  const marked = await Promise.all(roots.map((root) => isThere(system, `${root}\\DATALOSS_WARNING_README.txt`)));
  const temporary = roots.filter((_, at) => marked[at]);
  if (temporary.length === 0) return pass('there is no temporary disk');
  const left = await Promise.all(
    temporary.map(async (root) =>
      (await readableList(system, root)).filter((name) => !EXPECTED.test(name)).map((name) => `${root}\\${name}`),
    ),
  );
  const data = left.flat();
  if (data.length === 0) return pass(`nothing of anybody's on ${temporary.join(', ')}`);
  return warn(
    `on the temporary disk, which no backup holds: ${data.slice(0, 5).join(', ')}${data.length > 5 ? ` and ${data.length - 5} more` : ''}`,
    'Move what matters to a data disk.',
  );
}
