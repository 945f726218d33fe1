import type { Outcome } from '../../../../agent/snapshot/outcome.ts';
import type { Fault } from '../../../../agent/snapshot/phases.ts';
import { type BackupJob, parseJob } from '../../../../extensions/azure/settings.ts';
import type { DiskSnapshot, SetFailure, SnapshotSet } from '../../../../extensions/azure/takers/snapshot-set.ts';

/** As the service packs an object into a text. */
export const packed = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');

export const TASK = '0f0f0f0f-1111-2222-3333-444444444444';
export const SECRET = 'c2VjcmV0LXNpZ25hdHVyZQ%3D%3D';
export const SAS = `https://md-1.blob.storage.azure.net/vhds/os?sv=2018-03-28&sr=b&sp=rw&sig=${SECRET}`;

/** What the service sends for a machine with two data disks. */
export const publicSettings = (
  wishes: { readonly body?: object; readonly custom?: object; readonly rest?: object } = {},
) => ({
  commandToExecute: 'snapshot',
  taskId: TASK,
  locale: 'en-us',
  vmType: 'Microsoft.Compute/virtualMachines',
  commandStartTimeUTCTicks: '638998992000000000',
  objectStr: packed({
    backupMetadata: [{ Key: 'policy', Value: 'daily' }],
    includedDisks: { dataDiskLunList: [0, 1], isOSDiskIncluded: true, isAnyDiskExcluded: false },
    dynamicConfigsFromCRP: [{ Key: 'isSnapshotTtlEnabled', Value: 'true' }],
    ...wishes.body,
  }),
  customSettings: JSON.stringify({ takeSnapshotFrom: 'onlyGuest', isManagedVm: true, ...wishes.custom }),
  ...wishes.rest,
});

export const protectedSettings = () => ({
  objectStr: packed({ blobSASUri: [SAS, SAS.replace('/os', '/data0')] }),
  statusBlobUri: SAS.replace('/os', '/status'),
  logsBlobUri: SAS.replace('/os', '/log'),
  snapshotTaskToken: 'token-of-the-task',
});

export function job(wishes: Parameters<typeof publicSettings>[0] = {}): BackupJob {
  const read = parseJob(publicSettings(wishes), protectedSettings());
  if (read.job === undefined) throw new Error(JSON.stringify(read.problems));
  return read.job;
}

export const disk = (name: string, wishes: Partial<DiskSnapshot> = {}): DiskSnapshot => ({
  successful: true,
  blobUri: `https://md-1.blob.storage.azure.net/vhds/${name}`,
  snapshotUri: `https://md-1.blob.storage.azure.net/vhds/${name}?snapshot=2026-11-21T15:00:00.0000000Z`,
  error: undefined,
  status: 201,
  ...wishes,
});

export const failedDisk = (name: string, error: string): DiskSnapshot =>
  disk(name, { successful: false, snapshotUri: undefined, error, status: 403 });

export const set = (failure?: SetFailure, disks = [disk('os'), disk('data0')]): SnapshotSet => ({
  by: 'guest',
  disks,
  failure,
});

export const outcome = (wishes: Partial<Outcome> = {}): Outcome => ({
  schema: 1,
  id: 'a-run',
  kind: 'snapshot',
  taker: 'azure-blob',
  startedAt: '2026-11-21T15:00:00.000Z',
  tookMs: 900,
  consistency: 'file-system',
  reason: 'nothing holds the applications',
  frozenMs: 40,
  frozen: ['/'],
  left: [],
  warnings: [],
  faults: [],
  timeline: [],
  ...wishes,
});

export const fault = (phase: Fault['phase'], during: Fault['during'], code?: string): Fault => ({
  phase,
  during,
  message: `${phase} ${during}: ${code ?? 'no code'}`,
  ...(code === undefined ? {} : { code }),
});
