import { UserError } from '../errors.ts';
import { underLock } from '../system/run-lock.ts';
import type { Outcome } from './outcome.ts';
import type { Parts, RunRequest } from './parts.ts';
import { type Recovered, recover } from './recover.ts';
import { run } from './run.ts';

/**
 * One run from lock to history: settles what a dead one left, takes the snapshot, writes down what came of it. Throws
 * a `UserError` only as long as nothing was touched; after that there is an outcome.
 */
export function conduct(parts: Parts, request: RunRequest, signal: AbortSignal): Promise<Outcome> {
  return underLock(parts.system, request.command, async (lock) => {
    for (const { message, remedy } of (await recover(parts)).faults)
      parts.log.warn(`still owed: ${message}`, { remedy });
    for (const warning of request.plan.warnings) parts.log.warn(warning);
    return await run(parts, request, lock, signal);
  });
}

/**
 * Settles what a dead run left, when nobody is at work; undefined when somebody is.
 *
 * @param andThen done under the same lock: nobody else has begun since.
 */
export async function recoverUnlessBusy(
  parts: Parts,
  command: string,
  andThen: () => Promise<void> = async () => undefined,
): Promise<Recovered | undefined> {
  try {
    return await underLock(parts.system, command, async () => {
      const recovered = await recover(parts);
      await andThen();
      return recovered;
    });
  } catch (error) {
    if (error instanceof UserError && error.code === 'lock.busy') return undefined;
    throw error;
  }
}
