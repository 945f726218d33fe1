import { messageOf } from '../errors.ts';
import { redact } from '../redact.ts';
import { within } from '../snapshot/deadline.ts';
import { boundedly } from '../system/bounded.ts';
import type { Clock } from '../system/system.ts';
import { Absent, type Part } from './part.ts';
import { createSecrets, type Secrets } from './secrets.ts';

/** What became of the parts; every one of them is in one of the lists. */
export interface Gathered {
  readonly kept: readonly KeptPart[];
  readonly leftOut: readonly LeftOut[];
}

export interface KeptPart {
  readonly name: string;
  /** Without any secret. */
  readonly text: string;
  readonly tookMs: number;
  /** What is missing of it, or odd about it. */
  readonly note?: string;
}

export interface LeftOut {
  readonly name: string;
  readonly why: string;
  /** Looked for and not there, as half of it is on most machines; else it could not be had. */
  readonly absent: boolean;
  readonly tookMs: number;
}

export interface GatherLimits {
  /** A part that has not begun by then is left out. */
  readonly totalMs: number;
  readonly totalBytes: number;
}

const LIMITS: GatherLimits = { totalMs: 120_000, totalBytes: 24 * 1024 * 1024 };

/** Few: this also runs on machines that are in trouble, and the order says what is told to be secret first. */
const AT_ONCE = 4;

/**
 * Gathers all parts, each with its own deadline. One that fails, hangs or is too much is told and loses nothing else.
 * Rejects only when `signal` is aborted.
 */
export async function gather(
  parts: readonly Part[],
  clock: Clock,
  signal: AbortSignal,
  onPart: (done: number) => void = () => undefined,
  limits: GatherLimits = LIMITS,
): Promise<Gathered> {
  const secrets = createSecrets();
  const untilMs = clock.monotonicMs() + limits.totalMs;
  let bytes = 0;
  let done = 0;
  const all = await boundedly(AT_ONCE, parts, async (part): Promise<KeptPart | LeftOut> => {
    signal.throwIfAborted();
    const startMs = clock.monotonicMs();
    const tookMs = () => Math.round(clock.monotonicMs() - startMs);
    try {
      if (startMs > untilMs) throw new Error('no time was left for it');
      const { text, note } = await within(part.name, part.limitMs, () => part.gather(), signal);
      secrets.add(part.secretsIn?.(text) ?? []);
      const hidden = secrets.redact(text);
      bytes += Buffer.byteLength(hidden);
      if (bytes > limits.totalBytes) throw new Error('the bundle is full');
      return { name: part.name, text: hidden, tookMs: tookMs(), ...(note === undefined ? {} : { note }) };
    } catch (error) {
      signal.throwIfAborted();
      return { name: part.name, why: redact(messageOf(error)), absent: error instanceof Absent, tookMs: tookMs() };
    } finally {
      done += 1;
      onPart(done);
    }
  });
  return swept(all, secrets);
}

/** Only now is known what the last part had for a secret. Names, too, come from the machine. */
const swept = (all: readonly (KeptPart | LeftOut)[], { sweep }: Secrets): Gathered => ({
  kept: all.filter((one) => 'text' in one).map((one) => ({ ...one, name: sweep(one.name), text: sweep(one.text) })),
  leftOut: all.filter((one) => 'why' in one).map((one) => ({ ...one, name: sweep(one.name), why: sweep(one.why) })),
});
