import { setTimeout as sleep } from 'node:timers/promises';
import type { Arena } from './arena.ts';
import { startCompanion } from './command.ts';

/** What one writer saw since the reset. */
export interface WriterReport {
  readonly longestMs: number;
  /** When that write began, CLOCK_MONOTONIC. */
  readonly atMs: number;
  readonly writes: number;
}

const PATIENCE_MS = 60_000;
const LOOK_MS = 50;

/** One writer per file system, running all the time; see peers/writer.c. */
export interface Writers {
  reset(): Promise<void>;
  /**
   * In the order of the file systems, when each of them has been written to since the reset. Throws when one of them was
   * not within a minute: then it is still frozen.
   */
  report(): Promise<readonly WriterReport[]>;
  close(): Promise<void>;
}

export function startWriters(arena: Arena): Writers {
  const mountPoints = arena.fileSystems.map((fileSystem) => fileSystem.mountPoint);
  const companion = startCompanion([arena.program('writer'), ...mountPoints], { pidFolder: arena.pidFolder });
  return {
    async reset() {
      await companion.ask('reset');
    },
    async report() {
      for (let tries = PATIENCE_MS / LOOK_MS; ; tries -= 1) {
        const { mounts } = (await companion.ask('report')) as { mounts: readonly WriterReport[] };
        const silent = mountPoints.filter((_, index) => mounts[index]?.writes === 0);
        if (silent.length === 0) return mounts;
        if (tries <= 0) throw new Error(`no write has returned: ${silent.join(', ')}`);
        await sleep(LOOK_MS);
      }
    },
    close: () => companion.close(),
  };
}
