import { setTimeout as sleep } from 'node:timers/promises';

/** What was wanted, or undefined when it takes longer: the rest is abandoned. */
export async function orUndefinedAfter<T>(ms: number, wanted: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(late.resolve, ms, undefined);
  try {
    return await Promise.race([wanted, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Never resolves; rejects with the signal's reason as soon as it is aborted. For races. */
export const rejectedBy = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

/**
 * A moment for what has come to be read, whatever else passes in it: on a busy machine this process itself may get no turn for
 * longer, and would find that the moment is over before it looks.
 */
export async function hearing(ms: number): Promise<undefined> {
  for (let turn = 0; turn < TURNS; turn += 1) await sleep(ms / TURNS);
}

/** As many turns of the event loop an answer gets, at the least, to be read. */
export const TURNS = 8;

/**
 * Aborted after `ms` in which nothing came, for questions to others. Not `AbortSignal.timeout`: that also counts the time in
 * which this process did not get to read what had arrived long ago, and on a busy machine takes everybody for silent.
 */
export function silenceOf(ms: number): AbortSignal {
  const silence = new AbortController();
  let left = TURNS;
  // A timer that is late fires once, however late it is.
  const timer = setInterval(() => {
    left -= 1;
    if (left > 0) return;
    clearInterval(timer);
    silence.abort(new Error(`no answer within ${ms / 1000} s`));
  }, ms / TURNS).unref();
  return silence.signal;
}
