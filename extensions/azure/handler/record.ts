import { join } from 'node:path';
import { messageOf, UserError } from '../../../agent/errors.ts';
import { faultPoint } from '../../../agent/fault-point.ts';
import { parseJson } from '../../../agent/system/json.ts';
import { takeLock } from '../../../agent/system/lock.ts';
import { PATHS } from '../../../agent/system/paths.ts';
import type { System } from '../../../agent/system/system.ts';

/**
 * What has become of each job that the VM agent gave us, kept outside of the versioned folder: an update must not do a job
 * twice, and a job that was cut off must come to an end. No secret is in it.
 */
export interface HandlerRecord {
  readonly schema: 1;
  /** Of the machine that wrote it: on one that was restored from a snapshot of it, it means nothing. */
  readonly machineId: string;
  /** The last few, oldest first. */
  readonly jobs: readonly JobRecord[];
  /** Whether quiesced had a place of its own here before the extension came. */
  readonly foundState: boolean;
  /** Set by `update` of a new version: the `uninstall` of the old one leaves the record alone then. */
  readonly updatedTo?: string;
}

export interface JobRecord {
  readonly sequence: number;
  /** Empty where the service named none. */
  readonly taskId: string;
  /**
   * `handed`: nothing was touched yet. `begun`: something may have been. `ended`: `status` is what the service was told last.
   */
  readonly phase: 'handed' | 'begun' | 'ended';
  /** The text of the status file. */
  readonly status?: string;
  /** The text of the status blob, until all is told and brought back: whoever finds it does so once more. */
  readonly untold?: string | undefined;
  /** Under which number the same task came last, where that is another one: its status file is the one that is read. */
  readonly cameAs?: number;
}

/** Whether its process has something to do, or had when it was cut off. */
export const isOpen = ({ phase, untold }: JobRecord): boolean => phase !== 'ended' || untold !== undefined;

/** Whose status file the VM agent reads. */
export const reportedAs = ({ sequence, cameAs = sequence }: JobRecord): number => cameAs;

const stateOf = ({ platform }: System): string => PATHS[platform].state;
const folderOf = (system: System): string => join(stateOf(system), 'azure');
const fileOf = (system: System): string => join(folderOf(system), 'handler.json');
const lockOf = (system: System): string => system.resolve(join(PATHS[system.platform].runtime, 'azure-record.lock'));
/** Held by the process that does a job, for as long as it does. As this process must open it. */
export const jobLockOf = (system: System): string =>
  system.resolve(join(PATHS[system.platform].runtime, 'azure-job.lock'));
const KEPT = 10;
/** The others hold it for a few milliseconds; each try waits half a second by itself. */
const TRIES = 6;

export const EMPTY: HandlerRecord = { schema: 1, machineId: '', jobs: [], foundState: true };

/** Never throws for what is in it: a record that cannot be read is none, and its job is done anew at worst. */
export async function readRecord(system: System, machineId: string): Promise<HandlerRecord> {
  const record = parseRecord((await system.readText(fileOf(system))) ?? '');
  if (record === undefined) return { ...EMPTY, machineId, foundState: await hasOwnState(system) };
  return record.machineId === machineId ? record : { ...record, machineId, jobs: [] };
}

/** Under a lock, since two of us may run at once; durable before it returns. */
export async function changeRecord(
  system: System,
  machineId: string,
  change: (record: HandlerRecord) => HandlerRecord | Promise<HandlerRecord>,
): Promise<HandlerRecord> {
  await system.makeDir(PATHS[system.platform].runtime, 0o755);
  const lock = await patientLock(system);
  try {
    const changed = await change(await readRecord(system, machineId));
    await system.makeDir(stateOf(system), 0o700);
    await system.makeDir(folderOf(system), 0o700);
    await faultPoint('azure-record.write.before');
    await system.write(fileOf(system), `${JSON.stringify(changed)}\n`, { mode: 0o600 });
    await faultPoint('azure-record.write.after');
    return changed;
  } finally {
    lock.release();
  }
}

/** Changes what is said of a job as it stands then: it may have come under another number meanwhile. Returns the job. */
export async function changeJob(
  system: System,
  machineId: string,
  job: JobRecord,
  change: Partial<JobRecord>,
): Promise<JobRecord> {
  let changed = job;
  await changeRecord(system, machineId, (record) => {
    changed = { ...(record.jobs.find(({ sequence }) => sequence === job.sequence) ?? job), ...change };
    return withJob(record, changed);
  });
  return changed;
}

export async function removeRecord(system: System): Promise<void> {
  await system.remove(fileOf(system));
  await system.removeDir(folderOf(system));
}

/** The record with this job in it, in the place of what it said of it. */
export const withJob = (record: HandlerRecord, job: JobRecord): HandlerRecord => ({
  ...record,
  jobs: [...record.jobs.filter(({ sequence }) => sequence !== job.sequence), job].slice(-KEPT),
});

/** What there is of this sequence number, or else of this task. */
export const jobOf = (
  { jobs }: HandlerRecord,
  { sequence, taskId }: Pick<JobRecord, 'sequence' | 'taskId'>,
): JobRecord | undefined =>
  jobs.find((job) => job.sequence === sequence && (taskId === '' || job.taskId === taskId)) ??
  jobs.findLast((job) => taskId !== '' && job.taskId === taskId);

export function parseRecord(text: string): HandlerRecord | undefined {
  try {
    const value: unknown = parseJson(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is HandlerRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { schema, machineId, jobs, foundState } = value as Record<string, unknown>;
  if (schema !== 1 || typeof machineId !== 'string' || typeof foundState !== 'boolean') return false;
  return Array.isArray(jobs) && jobs.every(isJob);
}

function isJob(value: unknown): value is JobRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { sequence, taskId, phase, status, untold, cameAs = sequence } = value as Record<string, unknown>;
  if (!Number.isSafeInteger(cameAs) || !Number.isSafeInteger(sequence) || typeof taskId !== 'string') return false;
  if ([status, untold].some((text) => text !== undefined && typeof text !== 'string')) return false;
  return ['handed', 'begun', 'ended'].includes(String(phase));
}

const hasOwnState = async (system: System): Promise<boolean> => (await system.stat(stateOf(system))) !== undefined;

async function patientLock(system: System) {
  const since = system.clock.now().toISOString();
  for (let tried = 1; ; tried += 1) {
    try {
      return await takeLock(lockOf(system), { pid: process.pid, command: 'azure-handler', since });
    } catch (error) {
      if (tried < TRIES && error instanceof UserError && error.code === 'lock.busy') continue;
      throw new Error(`the record of the jobs is not to be had: ${messageOf(error)}`, { cause: error });
    }
  }
}
