import type { Config } from '../../../agent/config/schema.ts';
import type { System } from '../../../agent/system/system.ts';
import type { Taker } from '../../../agent/takers/taker.ts';
import type { BackupJob } from '../settings.ts';
import type { SnapshotSet } from './snapshot-set.ts';
import { ORDER, Takes } from './takes.ts';

/** What is needed of a job to take its snapshots. */
export type TakeJob = Pick<
  BackupJob,
  'hostTaskId' | 'snapshotTaskToken' | 'metadata' | 'blobSasUris' | 'takeSnapshotFrom' | 'disks' | 'hostSettings'
>;

export interface AzureTakerOptions {
  /** Of the backup service of the host, with a `/` at the end; tests put one on loopback in its place. */
  readonly hostUrl?: string;
  /** Certificates (PEM) to trust instead of those that this machine trusts; for tests. */
  readonly ca?: string;
  /**
   * Throws when the job is too old, by the clock of the host if that told it, else by ours. Asked before anything is
   * held, and again before each freeze.
   */
  readonly admit?: (now: Date) => void;
}

/** The taker of the Azure jobs, and what there is to report of it. */
export interface AzureTaker extends Taker {
  /** At any time; complete once the run has ended. */
  report(): TakeReport;
}

export interface TakeReport {
  /** The last that was tried; undefined when none was. */
  readonly set: SnapshotSet | undefined;
  /** Of HTTP, or what upstream puts in its place: 555 no answer, 556 the service is down, 557 an empty answer. */
  readonly preSnapshotStatus: number | undefined;
  readonly doSnapshotStatus: number | undefined;
}

/**
 * The takers `azure-blob` (the guest asks storage for a snapshot of each disk) and `azure-host` (it asks the host for all of
 * them), as the job says: one of them, or one that stands in for the other. Everything is connected before the freeze.
 * A set of which a disk is missing is none: what there is of it is left to the service, which owns it.
 */
export function azureTaker(
  system: System,
  config: Pick<Config, 'proxy'>,
  job: TakeJob,
  options: AzureTakerOptions = {},
): AzureTaker {
  const takes = new Takes(system, config, job, options);
  return {
    id: ORDER[job.takeSnapshotFrom][0] === 'host' ? 'azure-host' : 'azure-blob',
    takes: true,
    prepare: (signal) => takes.open(signal),
    renew: (signal) => takes.renew(signal),
    take: (signal) => takes.take(signal),
    again: () => takes.again,
    finish: async () => takes.close(),
    report: () => takes.report,
  };
}
