/**
 * The two kinds of error. A `UserError` is for the reader to act on: it is printed as message and remedy, without a
 * stack. Anything else that reaches the entrance is a bug of ours and is printed with its stack.
 */
export class UserError extends Error {
  /** What the reader can do about it; a full sentence or a command to paste. */
  readonly remedy: string | undefined;
  readonly exitCode: number;
  /** Stable, dotted kebab-case: `lock.busy`. Scripts and the control API match on it, never on the text. */
  readonly code: string;

  constructor(code: string, message: string, options: UserErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = 'UserError';
    this.code = code;
    this.remedy = options.remedy;
    this.exitCode = options.exitCode ?? EXIT.failed;
  }
}

export interface UserErrorOptions {
  readonly remedy?: string;
  readonly exitCode?: number;
  readonly cause?: unknown;
}

/** Exit codes of every command but `check` and `--health`, which state their own. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/** A wrong command line: exit code 2, with the way to the help. */
export const usageError = (message: string, command?: string): UserError =>
  new UserError('usage', message, {
    exitCode: EXIT.usage,
    remedy: `See: quiesced ${command === undefined ? '' : `${command} `}--help`,
  });

/** One line for people: the message of an error, whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** `ENOENT`, `EACCES` … of a system error; undefined for anything else. */
export const errnoOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** What this process ran out of, for the reader to see to: no bug of ours. Undefined for any other error. */
export function exhaustionOf(error: unknown): UserError | undefined {
  const [what, remedy] = EXHAUSTED.get(errnoOf(error) ?? '') ?? [];
  if (what === undefined || remedy === undefined) return undefined;
  return new UserError('system.exhausted', `${what}: ${messageOf(error)}`, { remedy, cause: error });
}

/** errno(3) */
const EXHAUSTED: ReadonlyMap<string, readonly [what: string, remedy: string]> = new Map([
  ['EMFILE', ['this process may not open another file', 'Raise its limit to 64 at least: ulimit -n 1024']],
  ['ENFILE', ['this machine may not open another file', 'See how many it has and may have: cat /proc/sys/fs/file-nr']],
  ['ENOMEM', ['this machine has no memory left', 'See who takes it: ps aux --sort=-rss | head']],
]);
