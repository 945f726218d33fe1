import { redact } from '../../../agent/redact.ts';
import type { ReportTo } from '../settings.ts';
import type { DiskSnapshot } from '../takers/snapshot-set.ts';
import { healthOfCode } from './codes.ts';
import type { JobResult, ReachedLevel } from './result.ts';

/** What a report is made of, beside the result itself. */
export interface ReportFacts {
  readonly handler: { readonly name: string; readonly version: string };
  readonly now: Date;
  readonly machineId: string;
  readonly storage: StorageDetails;
  readonly telemetry: Telemetry;
}

export interface StorageDetails {
  readonly partitionCount: number;
  readonly totalUsedSizeInBytes: number;
  readonly isSizeComputationFailed: boolean;
}

/** In this order; all values are texts. */
export type Telemetry = readonly (readonly [key: string, value: string])[];

/** The two documents of one report: reference VMSnapshotLinux, status output. */
export interface Documents {
  /** `N.status`, for the VM agent. */
  readonly file: string;
  /** For the blob of the service; the same is a text in the first. */
  readonly blob: string;
}

/** The VM agent cuts what is longer than 128 KiB, and then goes wrong: waagent.md §4. */
const FILE_BYTES = 60 * 1024;
const LEVELS: Readonly<Record<ReachedLevel, number>> = { none: 0, 'file-system': 1, application: 2, crash: 3 };
/** What one row says of a disk that failed, and the whole says for people. */
const ERROR_CHARS = 400;
const MESSAGE_CHARS = 4000;

export function documentsOf(to: ReportTo, result: JobResult, facts: ReportFacts): Documents {
  const blob = written([innerReport(to, result, facts)]);
  const whole = written([outerReport(to, result, facts, blob)]);
  if (Buffer.byteLength(whole) <= FILE_BYTES) return { file: whole, blob };
  // Rows of many disks: the blob has them all, and the file says how many there are.
  const count = result.set?.disks.length ?? 0;
  const note = `the ${count} snapshots are listed in the status blob`;
  const short = {
    ...result,
    message: [note, result.message].join('; ').slice(0, MESSAGE_CHARS / 4),
    set: result.set && { ...result.set, disks: [] },
  };
  const embedded = written([innerReport(to, short, facts)]);
  return { file: written([outerReport(to, short, facts, embedded)]), blob };
}

function innerReport(to: ReportTo, result: JobResult, facts: ReportFacts): object {
  return {
    version: facts.handler.version,
    timestampUTC: dateMark(facts.now.getTime()),
    status: statusOf(to, result, facts, {
      status: result.status,
      substatus: [],
      telemetryData: facts.telemetry.map(([Key, Value]) => ({ Value: redact(Value), Key })),
      snapshotInfo: result.set?.disks.map(rowOf) ?? null,
      vmHealthInfo: { vmHealthState: healthOfCode(result.healthCode), vmHealthStatusCode: result.healthCode },
    }),
  };
}

function outerReport(to: ReportTo, result: JobResult, facts: ReportFacts, blob: string): object {
  // Without a message of its own the agent stops to report anything of this machine once a status is too long: waagent.md §4.
  const formattedMessage = { lang: 'en-US', message: 'the report is in the name' };
  return {
    version: facts.handler.version,
    timestampUTC: `${facts.now.toISOString().slice(0, 19)}Z`,
    status: statusOf(to, result, facts, {
      // The VM agent would otherwise tell Azure that the extension is at fault: what became of the backup is within.
      status: to.vmType === 'v2' ? 'success' : result.status,
      substatus: [{ code: '0', name: blob, status: 'success', formattedMessage }],
      telemetryData: null,
      snapshotInfo: null,
      vmHealthInfo: null,
    }),
  };
}

/** What differs between the two documents. */
interface Parts {
  readonly status: JobResult['status'];
  readonly substatus: readonly object[];
  readonly telemetryData: readonly object[] | null;
  readonly snapshotInfo: readonly object[] | null;
  readonly vmHealthInfo: object | null;
}

/** Its keys in the order of upstream, for who reads the two side by side. */
function statusOf(to: ReportTo, result: JobResult, facts: ReportFacts, parts: Parts): object {
  const { handler, storage, machineId } = facts;
  const { isSizeComputationFailed } = storage;
  const message = {
    messageStr: redact(result.message).slice(0, MESSAGE_CHARS),
    snapshotConsistency: LEVELS[result.consistency],
    jobMessage: '',
    isSizeComputationFailed,
  };
  return {
    name: handler.name,
    operation: 'Enable',
    status: parts.status,
    substatus: parts.substatus,
    code: String(result.code),
    taskId: to.taskId,
    formattedMessage: { lang: 'en-US', message: JSON.stringify(message) },
    storageDetails: { ...storage, isStoragespacePresent: false },
    commandStartTimeUTCTicks: to.commandStartTicks,
    telemetryData: parts.telemetryData,
    uniqueMachineId: machineId,
    snapshotInfo: parts.snapshotInfo,
    vmHealthInfo: parts.vmHealthInfo,
  };
}

function rowOf({ successful, snapshotUri, error, blobUri, directDrive }: DiskSnapshot): object {
  return {
    isSuccessful: successful,
    snapshotUri: directDrive === undefined ? (snapshotUri ?? null) : null,
    errorMessage: error === undefined ? null : redact(error).slice(0, ERROR_CHARS),
    blobUri,
    directDriveSnapshotIdentifier:
      directDrive === undefined
        ? null
        : {
            creationTime: { DateTime: dateMark(directDrive.createdMs ?? 0), OffsetMinutes: 0 },
            id: directDrive.id,
            token: directDrive.token,
            instantAccessDurationMinutes: directDrive.instantAccessMinutes ?? null,
          },
  };
}

/** As .NET reads a date: `\/Date(MS)\/`, with the backslashes in the bytes, which JSON.stringify does not write. */
const dateMark = (ms: number): string => `/Date(${ms})/`;

/** Of a page blob the reader knows neither length nor encoding: so ASCII alone. */
const written = (value: unknown): string =>
  JSON.stringify(value)
    .replace(/"\/Date\((-?\d+)\)\/"/g, '"\\/Date($1)\\/"')
    .replace(/[\u007f-\uffff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
