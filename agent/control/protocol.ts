/**
 * The control API: HTTP over a socket that only root can reach, JSON, the version in the path. While file systems are
 * frozen only what is listed here answers, and neither call touches a file system.
 */
export const ROUTES = {
  status: { method: 'GET', path: '/v1/status' },
  release: { method: 'DELETE', path: '/v1/holds/current' },
} as const;

export type RouteName = keyof typeof ROUTES;

/** Every error, with the code that scripts match on. */
export interface ErrorReply {
  readonly error: { readonly code: string; readonly message: string; readonly remedy?: string };
}

/** What is being held now. */
export interface HoldStatus {
  readonly schema: 1;
  readonly state: 'entering' | 'held' | 'leaving';
  readonly kind: string;
  readonly pid: number;
  readonly since: string;
  /** When it lets go by itself at the latest. */
  readonly until: string;
  /** What is not held as it was asked for; empty when all of it is. */
  readonly faults: readonly { readonly phase: string; readonly message: string }[];
}
