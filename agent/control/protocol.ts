/**
 * The control API: HTTP over a socket that only root can reach, JSON, the version in the path. While a run is under
 * way only what says so here answers; neither of these calls touches a file system.
 */
export const ROUTES = {
  status: { method: 'GET', path: '/v1/status', always: true },
  health: { method: 'GET', path: '/v1/health' },
  history: { method: 'GET', path: '/v1/history' },
  check: { method: 'POST', path: '/v1/checks' },
  snapshot: { method: 'POST', path: '/v1/snapshots' },
  hold: { method: 'POST', path: '/v1/holds' },
  release: { method: 'DELETE', path: '/v1/holds/current', always: true },
} as const satisfies Readonly<Record<string, Route>>;

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** Answered while a run is under way, too. */
  readonly always?: true;
}

export type RouteName = keyof typeof ROUTES;

/** Every error, with the code that scripts match on. */
export interface ErrorReply {
  readonly schema: 1;
  readonly error: { readonly code: string; readonly message: string; readonly remedy?: string };
}

/** What is under way now: entering its phases, holding still while the copy is made, or letting go. */
export interface RunStatus {
  readonly schema: 1;
  readonly state: 'entering' | 'held' | 'leaving';
  readonly kind: string;
  readonly pid: number;
  /** Begun, or once it is held: held since. */
  readonly since: string;
  /** When it lets go by itself at the latest. */
  readonly until: string;
  /** What is not held as it was asked for; empty when all of it is. */
  readonly faults: readonly { readonly phase: string; readonly message: string }[];
}

/** Of the process that stays. */
export interface DaemonStatus {
  readonly pid: number;
  readonly version: string;
  readonly since: string;
  /** Leaves when nobody has asked for anything for a while: started by a socket. */
  readonly onDemand: boolean;
  /** When the jobs of [schedule] run next; without those that are off. */
  readonly next: Readonly<Record<string, string>>;
}

/** Answer to `GET /v1/status`. */
export interface ControlStatus {
  readonly schema: 1;
  /** Missing where a process answers that stays only as long as it holds. */
  readonly daemon?: DaemonStatus;
  readonly run?: RunStatus;
}

/** Body of `POST /v1/checks`; an empty one runs all of them and leaves the result behind for `--health`. */
export interface CheckRequest {
  readonly only?: readonly string[];
  readonly skip?: readonly string[];
  readonly group?: readonly string[];
}

/** Body of `POST /v1/snapshots`. */
export interface SnapshotRequest {
  /** Everything but the taking. */
  readonly rehearsal?: boolean;
  /** Program and arguments that take it; without them [snapshot] taker-command does. */
  readonly command?: readonly string[];
  readonly mounts?: readonly string[];
}

/** Body of `POST /v1/holds`, answered as soon as it is held, with a `RunStatus`, or ended, with an outcome. */
export interface HoldRequest {
  /** `freeze`: file systems only, and all of them or none. */
  readonly kind: 'hold' | 'freeze';
  /** `false`: scripts and applications only. */
  readonly freeze?: boolean;
  readonly deadlineMs?: number;
  readonly mounts?: readonly string[];
}
