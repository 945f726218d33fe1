import { readFreezeJournal } from '../../agent/freezer/journal.ts';
import { type Bench, DEADLINE_MS } from './fault-bench.ts';
import type { Seen } from './fault-observer.ts';
import { monotonicMs, until, type Write } from './loop-observe.ts';

/**
 * Beyond the deadline, until everybody can write again: a second. In the short variant, which is part of what decides
 * whether a change may land, also on a machine whose disk and processors are busy; whoever is never thawed waits longer.
 */
export const THAW_MS = process.env.QUIESCED_TEST_FAULTS === 'full' ? 1000 : 5000;
const REST_MS = 150;

const FREEZE_RECORD = 'root/run/quiesced/journal/freeze.jsonl';

/** What is seen of the file systems, and when it must be said that they are frozen for too long. */
export class Watch {
  stallMs = 0;
  frozen = false;
  writes: readonly (readonly Write[])[] = [];
  readonly #bench: Bench;
  #stopped = false;

  constructor(bench: Bench) {
    this.#bench = bench;
    this.writes = bench.mounted.map(() => []);
  }

  /** From now on it is somebody else's thaw. */
  stop(): void {
    this.#stopped = true;
  }

  async look(): Promise<void> {
    const seen = await this.#bench.observer.look();
    const nowMs = monotonicMs();
    this.writes = this.writes.map((before, index) => [...before, ...(seen[index]?.writes ?? [])]);
    const stalls = seen.flatMap((one) => stallsOf(one, nowMs));
    if (!this.#stopped) this.stallMs = Math.max(this.stallMs, ...stalls);
    this.frozen = seen.some(({ pendingSinceMs }) => pendingSinceMs !== undefined && nowMs - pendingSinceMs > REST_MS);
  }

  async until(condition: () => boolean | Promise<boolean>, limitMs: number): Promise<boolean> {
    return until(async () => {
      await this.look();
      return condition();
    }, limitMs);
  }

  /** Nothing is frozen or may be soon; or it is too late. */
  async untilAtRest(gone: () => Promise<boolean>): Promise<void> {
    let since = monotonicMs();
    await until(
      async () => {
        await this.look();
        const rest = !this.frozen && owesNoThaw(this.#bench);
        if (!rest) since = monotonicMs();
        return monotonicMs() - since > REST_MS || (await gone());
      },
      DEADLINE_MS + THAW_MS + REST_MS,
    );
  }
}

const stallsOf = ({ writes, pendingSinceMs }: Seen, nowMs: number): readonly number[] => [
  ...writes.map(([began, ended]) => ended - began),
  ...(pendingSinceMs === undefined ? [] : [nowMs - pendingSinceMs]),
];

/** Neither a thaw nor the switch back; a record that is broken owes. */
export function owesNoThaw(bench: Bench): boolean {
  try {
    const owed = readFreezeJournal(`${bench.folder}/${FREEZE_RECORD}`);
    return owed === undefined || (owed.fileSystems.length === 0 && !owed.expedited);
  } catch {
    return false;
  }
}
