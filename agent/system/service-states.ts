/** A service or driver of Windows, as its service control manager has it; names are those of winsvc.h. */
export interface ServiceState {
  /** `unknown N` for a number that winsvc.h did not have when this was written. */
  readonly state: string;
  readonly start: StartType | `unknown ${number}`;
  /** `LocalSystem`, `NT AUTHORITY\NetworkService`; '' for a driver. */
  readonly account: string;
  /** The command line that it is started by. */
  readonly program: string;
}

export type StartType = (typeof START_TYPES)[number];

/** SERVICE_BOOT_START to SERVICE_DISABLED, by their number: that of the value `Start` in the registry, too. */
export const START_TYPES = ['boot', 'system', 'auto', 'manual', 'disabled'] as const;

/** SERVICE_STOPPED is 1. */
export const STATES = ['stopped', 'starting', 'stopping', 'running', 'continuing', 'pausing', 'paused'] as const;

/** The part of `System` that tells of services; only Windows has it. */
export interface ServiceStates {
  /** By the service's own name, in any case, not the one that is shown; undefined where there is none of that name. */
  read(name: string): Promise<ServiceState | undefined>;
}
