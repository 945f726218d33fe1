import { UserError } from '../../../agent/errors.ts';
import { type BackupJob, parseJob, type ReportTo, readReportTo } from '../settings.ts';
import { type Handler, libFolderOf, settingsPath } from './handler.ts';
import type { JobEnd } from './job.ts';
import { openProtected } from './protected-settings.ts';
import { INSTALLED, noSettingsResult, refusedResult } from './result.ts';
import { readSettings } from './settings-file.ts';

/** Either a job that is to be done, or one that has its end already. Who is told of it in any case. */
export type OpenedJob =
  | { readonly reportTo: ReportTo; readonly job: BackupJob; readonly ends?: undefined }
  | { readonly reportTo: ReportTo; readonly job?: undefined; readonly ends: JobEnd };

/** Reads and decrypts the settings. Never throws for what is in them. */
export async function openJob(handler: Handler, sequence: number): Promise<OpenedJob> {
  const read = await readSettings(handler.system, settingsPath(handler, sequence));
  const publicSettings = read.settings?.publicSettings ?? {};
  if (read.settings === undefined) {
    const why = read.problems.map(({ key, what }) => `${key} ${what}`).join('; ');
    return { reportTo: readReportTo(publicSettings), ends: ending(noSettingsResult(why)) };
  }
  const secret = await openProtected(handler.system, read.settings.sealed, libFolderOf(handler)).catch(userErrorOnly);
  const sealed = secret instanceof UserError ? secret : undefined;
  const { job, problems, reportTo } = parseJob(publicSettings, sealed === undefined ? (secret ?? {}) : {});
  // The host can do without what was sealed; the SAS URIs are all that the guest could use.
  if (sealed !== undefined && (problems !== undefined || job.takeSnapshotFrom === 'onlyGuest')) {
    const told = [sealed.message, sealed.remedy].filter((part) => part !== undefined).join(' → ');
    return { reportTo, ends: ending(noSettingsResult(told)) };
  }
  if (problems !== undefined) return { reportTo, ends: ending(refusedResult(problems)) };
  return job.command === 'install' ? { reportTo, ends: ending(INSTALLED) } : { reportTo, job };
}

const ending = (result: JobEnd['result']): JobEnd => ({ result, facts: {} });

function userErrorOnly(error: unknown): UserError {
  if (error instanceof UserError) return error;
  throw error;
}
