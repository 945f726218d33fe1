import { faultPoint } from '../fault-point.ts';
import { rejectedBy } from '../system/waits.ts';
import type { Taker } from './taker.ts';

/** Whoever takes the snapshot is outside: the hold lasts until `release`, or until the freeze or quiesce is lost. */
export interface HoldTaker extends Taker {
  /** The copy is complete, or given up. Safe at any time, also before it is held. */
  release(): void;
}

/** @param listen opens the way by which `release` will be asked for; the run has its lock by then. */
export function holdTaker(listen: () => Promise<void> = async () => undefined): HoldTaker {
  const released = Promise.withResolvers<void>();
  return {
    id: 'hold',
    takes: true,
    release: () => released.resolve(),
    async prepare() {
      await faultPoint('hold.listen.before');
      await listen();
      await faultPoint('hold.listen.after');
    },
    async take(signal) {
      await Promise.race([released.promise, rejectedBy(signal)]);
      return {};
    },
    finish: async () => undefined,
  };
}
