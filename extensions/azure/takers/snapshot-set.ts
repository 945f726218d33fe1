/** The snapshots of one take: one row for each disk, in the order of the SAS URIs, or as the host lists them. */
export interface SnapshotSet {
  readonly by: Creator;
  readonly disks: readonly DiskSnapshot[];
  /** Undefined when each disk has its snapshot; anything less is no snapshot of the machine. */
  readonly failure: SetFailure | undefined;
  /** What the host said, where it said nothing of the disks; redacted. */
  readonly said?: string;
  /** Who was throttled, or lost the connection, may try again: so long from now at the earliest, in ms. */
  readonly againAfterMs?: number;
}

/** `guest`: we, blob by blob. `host`: the backup service of the host, at our request. */
export type Creator = 'guest' | 'host';

/** A row of `snapshotInfo`. No secret in it: URIs without their query, texts redacted. */
export interface DiskSnapshot {
  readonly successful: boolean;
  readonly blobUri: string;
  /** `https://account.blob.core.windows.net/vhds/os.vhd?snapshot=2026-11-21T15:00:00.0000000Z` */
  readonly snapshotUri: string | undefined;
  /** What the other side said, or what became of the request. */
  readonly error: string | undefined;
  /** Of HTTP; undefined when there was no answer, or the host named none. */
  readonly status: number | undefined;
  /** Disks of the kind DirectDrive have no snapshot URI but this. */
  readonly directDrive?: DirectDriveId;
}

export interface DirectDriveId {
  readonly createdMs: number | undefined;
  readonly id: string;
  readonly token: string;
  readonly instantAccessMinutes: number | undefined;
}

/**
 * Why a set is none. `rate`: storage takes no more snapshots now. `count`: a blob has as many as it may have. `all`,
 * `some`: no disk, or not each, has one. `host-broken`: the service of the host is down (500 without an error of its
 * own). `no-disks`: there was nothing to take a snapshot of.
 */
export type SetFailure = 'rate' | 'count' | 'all' | 'some' | 'host-broken' | 'no-disks';

/** What one disk that failed says about the set; storage says it in words (reference: VMSnapshotLinux, 3.3). */
export type DiskFault = 'rate' | 'count' | 'busy' | 'lost' | 'other';

/** `rate` and `count` explain the rest, so they come first. */
export function failureOf(disks: readonly DiskSnapshot[], faults: readonly DiskFault[]): SetFailure | undefined {
  if (disks.length === 0) return 'no-disks';
  const failed = disks.filter(({ successful }) => !successful).length;
  if (failed === 0) return undefined;
  if (faults.includes('rate')) return 'rate';
  if (faults.includes('count')) return 'count';
  return failed === disks.length ? 'all' : 'some';
}

/** What names the set to whoever restores it. */
export const nameOf = ({ disks }: SnapshotSet): string =>
  disks.map(({ snapshotUri, directDrive, blobUri }) => snapshotUri ?? directDrive?.id ?? blobUri).join(', ');

/** Whether none of the disks has a snapshot: then somebody else may take the whole set. */
export const isEmpty = ({ disks }: SnapshotSet): boolean => !disks.some(({ successful }) => successful);

/** One line of what is missing and why. */
export function describe({ by, disks, said }: SnapshotSet): string {
  const failed = disks.filter(({ successful }) => !successful);
  const why = said ?? failed.find(({ error }) => error !== undefined)?.error ?? 'nobody says why';
  if (disks.length === 0) return by === 'host' ? `the host took no snapshot: ${why}` : 'the job names no disk';
  if (failed.length === 0) return `not each disk has a snapshot: ${why}`;
  return `${failed.length} of ${disks.length} disks have no snapshot: ${why}`;
}
