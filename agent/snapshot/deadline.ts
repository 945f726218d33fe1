/** A wait that took longer than it may. */
export class DeadlineError extends Error {
  readonly code = 'deadline';

  constructor(what: string, deadlineMs: number) {
    super(`${what} took longer than ${formatMs(deadlineMs)}`);
    this.name = 'DeadlineError';
  }
}

/**
 * Runs `work` with a signal that is aborted at the deadline or with `parent`, and settles then at the latest: work
 * that ignores its signal is abandoned, and what becomes of it is nobody's business any more.
 */
export async function within<T>(
  what: string,
  deadlineMs: number,
  work: (signal: AbortSignal) => Promise<T>,
  parent?: AbortSignal,
): Promise<T> {
  const control = new AbortController();
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const end = (reason: unknown) => {
    control.abort(reason);
    reject(reason);
  };
  const fromParent = () => end(parent?.reason);
  const timer = setTimeout(() => end(new DeadlineError(what, deadlineMs)), deadlineMs);
  if (parent?.aborted) fromParent();
  parent?.addEventListener('abort', fromParent, { once: true });
  try {
    if (!control.signal.aborted) work(control.signal).then(resolve, reject);
    return await promise;
  } finally {
    clearTimeout(timer);
    parent?.removeEventListener('abort', fromParent);
  }
}

const formatMs = (ms: number): string => (ms < 1000 ? `${ms} ms` : `${ms / 1000} s`);
