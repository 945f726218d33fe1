import { monotonicMs } from '../system/loop-observe.ts';
import type { Server, Writer } from './engine.ts';

/** One row, and when its client sent it and had its acknowledgement, on the monotonic clock. */
export interface Noted {
  readonly row: number;
  readonly sentMs: number;
  /** Undefined while it waits for it. */
  ackedMs: number | undefined;
}

export interface Load {
  readonly rows: readonly Noted[];
  /** The longest that one row has waited. */
  longestMs(fromMs: number): number;
  stop(): Promise<void>;
}

const WRITERS = 2;

/** Clients that add numbered rows without a pause, each in a session of its own, and note what was acknowledged. */
export async function startLoad(server: Server, firstRow: number): Promise<Load> {
  const rows: Noted[] = [];
  let next = firstRow;
  let going = true;
  const writers = await Promise.all(Array.from({ length: WRITERS }, () => server.writer()));
  const write = async (writer: Writer) => {
    while (going) {
      const noted: Noted = { row: next, sentMs: monotonicMs(), ackedMs: undefined };
      next += 1;
      rows.push(noted);
      await writer.add(noted.row);
      noted.ackedMs = monotonicMs();
    }
  };
  const written = Promise.all(writers.map(write));
  written.catch(() => undefined);
  return {
    rows,
    longestMs: (fromMs) =>
      Math.max(
        0,
        ...rows.filter(({ ackedMs = 0 }) => ackedMs >= fromMs).map(({ sentMs, ackedMs = 0 }) => ackedMs - sentMs),
      ),
    async stop() {
      going = false;
      await written;
      await Promise.all(writers.map((writer) => writer.close()));
    },
  };
}
