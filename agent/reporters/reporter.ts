import type { Config } from '../config/schema.ts';
import type { System } from '../system/system.ts';
import type { CheckVerdict, RunSummary, Status } from './status.ts';

/**
 * Tells the world how a readiness run ended. Called after every complete one, as root; decides by itself whether it is
 * configured. A throw becomes a line in the log and nothing more: telling never fails what it tells of.
 */
export interface Reporter {
  /** Kebab-case, unique. */
  readonly id: string;
  report(told: Told, parts: ReporterParts): Promise<void>;
}

/** What there is to tell. */
export interface Told {
  readonly status: Status;
  readonly hostname: string | undefined;
  /** Every check that counts, also those that passed. */
  readonly checks: readonly { readonly id: string; readonly group: string; readonly verdict: CheckVerdict }[];
  /** The last run of each kind. */
  readonly runs: readonly RunSummary[];
}

export interface ReporterParts {
  readonly system: System;
  readonly config: Config;
}
