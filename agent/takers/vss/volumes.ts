import { UserError } from '../../errors.ts';
import { isThere } from '../../system/readable.ts';
import type { System } from '../../system/system.ts';
import { placesOf, type WindowsVolume } from '../../system/windows-volumes.ts';
import type { HeldByTaker } from '../taker.ts';

/** A volume that is mounted. */
export type MountedVolume = WindowsVolume & { readonly path: string };

export interface ChosenVolumes {
  readonly chosen: readonly MountedVolume[];
  readonly left: HeldByTaker['left'];
}

/** Of these the provider of Windows makes shadow copies, and only what is in these is worth one. */
const FILE_SYSTEMS = ['NTFS', 'ReFS'];

/** VSS_E_MAXIMUM_NUMBER_OF_VOLUMES_REACHED beyond it. */
const MOST = 64;

/** What Azure puts on the disk of the host, which it empties as it likes. */
const TEMPORARY = 'DATALOSS_WARNING_README.txt';

/**
 * The volumes to make shadow copies of: those that are named, or each that is mounted, of a disk of this machine and of
 * NTFS or ReFS, but for Azure's temporary disk. One that is mounted nowhere, as that of the recovery tools, is nobody's
 * data, and has often no room for a shadow copy.
 *
 * Throws a `UserError` for a name that cannot be honoured, and where nothing is left.
 */
export async function chooseVolumes(system: System, named: readonly string[]): Promise<ChosenVolumes> {
  if (system.volumes === undefined) throw new Error('there is nobody to ask for volumes here');
  const mounted = (await system.volumes.list()).flatMap((volume) =>
    volume.path === undefined ? [] : [{ ...volume, path: volume.path }],
  );
  for (const name of named) assertMounted(name, mounted);
  const chosen: MountedVolume[] = [];
  const left: HeldByTaker['left'][number][] = [];
  for (const volume of mounted) {
    const isNamed = named.some((name) => isAt(volume, name));
    const reason = whyNot(volume) ?? (await whyLeft(system, volume, named.length > 0, isNamed));
    if (isNamed && reason !== undefined) throw notPossible(volume.path, reason);
    if (reason === undefined) chosen.push(volume);
    else
      for (const mountPoint of placesOf(volume))
        left.push({ mountPoint, type: volume.fileSystem ?? 'unknown', reason });
  }
  if (chosen.length === 0) throw notPossible('none of the volumes here', 'none is of NTFS or ReFS');
  if (chosen.length > MOST) throw notPossible(`${chosen.length} volumes`, `${MOST} is the most at once`);
  return { chosen, left };
}

const whyNot = ({ fileSystem, locked }: WindowsVolume): string | undefined => {
  if (locked) return 'BitLocker keeps it locked';
  return FILE_SYSTEMS.some((each) => each === fileSystem) ? undefined : `${fileSystem ?? 'it'} has no shadow copies`;
};

async function whyLeft(
  system: System,
  { path }: MountedVolume,
  byName: boolean,
  isNamed: boolean,
): Promise<string | undefined> {
  if (byName) return isNamed ? undefined : 'not named for the shadow copy';
  return (await isThere(system, `${path}${TEMPORARY}`))
    ? "Azure's temporary disk: not kept by the host either"
    : undefined;
}

function assertMounted(name: string, mounted: readonly MountedVolume[]): void {
  if (mounted.some((volume) => isAt(volume, name))) return;
  throw new UserError('vss.no-volume', `${name} is no volume of a disk of this machine`, {
    remedy: `Those that there are: ${mounted.map(({ path }) => path).join(', ') || 'none'}`,
  });
}

const notPossible = (what: string, why: string): UserError =>
  new UserError('vss.volume', `no shadow copy can be made of ${what}: ${why}`, {
    remedy: 'Name others in [vss] volumes, or by --mount.',
  });

/** `C:`, `c:\` and `C:\` are the same. */
const isAt = (volume: MountedVolume, name: string): boolean =>
  placesOf(volume).some((path) => withoutEnd(path).toLowerCase() === withoutEnd(name).toLowerCase());

const withoutEnd = (path: string): string => (path.endsWith('\\') ? path.slice(0, -1) : path);
