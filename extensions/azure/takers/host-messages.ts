import { redact } from '../../../agent/redact.ts';
import type { TakeJob } from './azure-taker.ts';
import { faultOf } from './blob-snapshot.ts';
import { type DirectDriveId, type DiskFault, type DiskSnapshot, failureOf, type SnapshotSet } from './snapshot-set.ts';

/** What PreSnapshot tells. */
export interface PreSnapshot {
  /** The clock of the host. */
  readonly now: Date | undefined;
  /** What has to stand on the snapshots of disks that Azure Disk Encryption has encrypted. */
  readonly encryption: Encryption;
}

export interface Encryption {
  readonly settings: string | undefined;
  readonly osDisk: boolean | undefined;
  readonly dataDisks: boolean | undefined;
}

export const NOT_TOLD: PreSnapshot = {
  now: undefined,
  encryption: { settings: undefined, osDisk: undefined, dataDisks: undefined },
};

export function preSnapshotBody(job: TakeJob): string {
  const { hostTaskId: taskId, snapshotTaskToken, disks, takeSnapshotFrom } = job;
  const wanted = takeSnapshotFrom === 'firstHostThenGuest' || disks.encrypted;
  const preSnapshotSettings = [{ Key: 'isVMADEEnabled', Value: disks.encrypted }];
  return JSON.stringify({ taskId, snapshotTaskToken, ...(wanted ? { preSnapshotSettings } : {}) });
}

export function doSnapshotBody(job: TakeJob, { settings, osDisk, dataDisks }: Encryption): string {
  const { disks, hostTaskId: taskId, snapshotTaskToken } = job;
  const flags = [
    ...job.hostSettings,
    ...flag('isOsDiskADEEncrypted', osDisk),
    ...flag('areDataDisksADEEncrypted', dataDisks),
  ];
  const metadata = [...job.metadata, ...(settings === undefined ? [] : [{ key: ENCRYPTION_KEY, value: settings }])];
  const minutes = disks.instantAccessMinutes;
  return JSON.stringify({
    taskId,
    diskIds: disks.luns,
    settings: flags.map(pair),
    snapshotTaskToken,
    snapshotMetadata: metadata.map(pair),
    ...(minutes === undefined ? {} : { instantAccessDurationMinutes: minutes }),
  });
}

/** The name that Azure Disk Encryption gives to it, in the metadata of a disk. */
export const ENCRYPTION_KEY = 'DiskEncryptionSettings';

const flag = (key: string, value: boolean | undefined) => (value === undefined ? [] : [{ key, value }]);
const pair = <T>({ key, value }: { readonly key: string; readonly value: T }) => ({ Key: key, Value: value });

/** Lenient: what is missing is not told, whatever else the host says. */
export function readPreSnapshot(body: string): PreSnapshot {
  const {
    responseTime,
    DiskEncryptionSettings: settings,
    isOsDiskADEEncrypted,
    areDataDisksADEEncrypted,
  } = object(parsed(body));
  const { year, month, day, hour, minute, second } = object(responseTime);
  const parts = [year, month, day, hour, minute, second].map(number);
  const [y = Number.NaN, mo = Number.NaN, d = Number.NaN, h = 0, mi = 0, s = 0] = parts;
  const now = new Date(Date.UTC(y, mo - 1, d, h, mi, s));
  return {
    now: Number.isNaN(now.getTime()) ? undefined : now,
    encryption: {
      settings: typeof settings === 'object' && settings !== null ? JSON.stringify(settings) : text(settings),
      osDisk: boolean(isOsDiskADEEncrypted),
      dataDisks: boolean(areDataDisksADEEncrypted),
    },
  };
}

/**
 * Of an answer to DoSnapshot with a status of success.
 *
 * @param asked how many disks it was asked for; 0 where the job names none, which means all. Of one that the host says
 * nothing of nobody knows that it has a snapshot.
 */
export function readDoSnapshot(body: string, asked: number): SnapshotSet {
  const { snapshotInfo } = object(parsed(body));
  const results = Array.isArray(snapshotInfo) ? snapshotInfo.map(readDisk) : [];
  const disks = results.map(({ disk }) => disk);
  const faults = results.flatMap(({ fault }) => fault ?? []);
  // A list of nothing is no snapshot, and no reason to say that there are no disks.
  if (disks.length === 0) return { by: 'host', disks, failure: 'all' };
  const failure = failureOf(disks, faults);
  if (failure !== undefined || disks.length >= asked) return { by: 'host', disks, failure };
  return { by: 'host', disks, failure: 'some', said: `the host tells of ${disks.length} disks of ${asked}` };
}

function readDisk(info: unknown): { readonly disk: DiskSnapshot; readonly fault?: DiskFault } {
  const { isSuccessful, snapshotUri, errorMessage, statusCode, ddSnapshotIdentifier } = object(info);
  const uri = bare(text(snapshotUri) ?? '');
  const base = uri.replace(/\?.*$/s, '');
  const status = number(statusCode);
  const directDrive = directDriveOf(ddSnapshotIdentifier);
  // A snapshot that nobody can name is none.
  const named = uri !== '' || directDrive !== undefined;
  const successful = (boolean(isSuccessful) ?? false) && named;
  const said = text(errorMessage) ?? (named ? undefined : 'the host names no snapshot of it');
  const disk = {
    successful,
    blobUri: directDrive === undefined ? base : base.replace(/\/snapshots.*$/s, ''),
    snapshotUri: directDrive === undefined && uri !== '' ? uri : undefined,
    error: said === undefined ? undefined : redact(said),
    status,
    ...(directDrive === undefined ? {} : { directDrive }),
  };
  return successful ? { disk } : { disk, fault: faultOf(status ?? 0, said ?? '') };
}

/** The time of a snapshot is part of its name; anything else in the query may be a signature. */
function bare(uri: string): string {
  const [base = '', query = ''] = uri.split('?', 2);
  const [, time] = /(?:^|&)snapshot=([\dTZ:.%A-]{1,60})(?:&|$)/.exec(query) ?? [];
  return redact(time === undefined ? base : `${base}?snapshot=${time}`);
}

function directDriveOf(value: unknown): DirectDriveId | undefined {
  const { creationTime, id, token, instantAccessDurationMinutes } = object(value);
  if (text(id) === undefined) return undefined;
  const createdMs = Date.parse(text(creationTime) ?? '');
  return {
    createdMs: Number.isNaN(createdMs) ? undefined : createdMs,
    id: text(id) ?? '',
    token: text(token) ?? '',
    instantAccessMinutes: number(instantAccessDurationMinutes),
  };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

const object = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
/** Numbers and booleans come with and without quotes. */
const number = (value: unknown): number | undefined =>
  typeof value === 'number' || (typeof value === 'string' && /^-?\d{1,9}$/.test(value)) ? Number(value) : undefined;
const boolean = (value: unknown): boolean | undefined =>
  typeof value === 'boolean' ? value : typeof value === 'string' ? /^true$/i.test(value.trim()) : undefined;
