import { faultPoint } from '../fault-point.ts';
import type { Log } from '../log.ts';
import { rejectedBy } from '../system/waits.ts';
import type { Taker } from './taker.ts';

/** Whoever takes the snapshot is outside: the hold lasts until `release`, or until the freeze or quiesce is lost. */
export interface HoldTaker extends Taker {
  /** The copy is complete, or given up. Safe at any time, also before it is held. */
  release(): void;
}

export interface HoldOptions {
  /** Opens the way by which `release` will be asked for; the run has its lock by then. */
  readonly listen?: () => Promise<void>;
  /** Given where we freeze nothing: somebody else does it meanwhile, so nothing is logged until it is released. */
  readonly log?: Pick<Log, 'pause' | 'resume'>;
}

export function holdTaker({ listen, log }: HoldOptions = {}): HoldTaker {
  const released = Promise.withResolvers<void>();
  return {
    id: 'hold',
    takes: true,
    release: () => released.resolve(),
    async prepare() {
      await faultPoint('hold.listen.before');
      await listen?.();
      await faultPoint('hold.listen.after');
    },
    async take(signal) {
      log?.pause();
      try {
        await Promise.race([released.promise, rejectedBy(signal)]);
        return {};
      } finally {
        log?.resume();
      }
    },
    finish: async () => undefined,
  };
}
