import { rejectedBy } from '../system/waits.ts';
import type { Holding, Taker } from './taker.ts';

/** Whoever takes the snapshot is outside: the hold lasts until `release`, or until the freeze or quiesce is lost. */
export interface HoldTaker extends Taker {
  /** Resolves when it is held, with what is not. Never rejects; never resolves when it comes to nothing. */
  readonly held: Promise<Holding>;
  /** The copy is complete, or given up. Safe at any time, also before it is held. */
  release(): void;
}

/** @param listen opens the way by which `release` will be asked for; the run has its lock by then. */
export function holdTaker(listen: () => Promise<void>): HoldTaker {
  const held = Promise.withResolvers<Holding>();
  const released = Promise.withResolvers<void>();
  return {
    id: 'hold',
    takes: true,
    held: held.promise,
    release: () => released.resolve(),
    prepare: listen,
    async take(signal, holding) {
      held.resolve({ faults: [...holding.faults] });
      await Promise.race([released.promise, rejectedBy(signal)]);
      return {};
    },
    finish: async () => undefined,
  };
}
