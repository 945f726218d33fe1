import { setTimeout as sleep } from 'node:timers/promises';
import type { Arena } from './arena.ts';
import { startCompanion } from './command.ts';

/** Somebody who freezes all file systems and thaws them at once. */
export interface Peer {
  readonly id: 'none' | 'plain' | 'tricks' | 'qemu-ga' | 'ours' | `azure-${string}`;
  readonly title: string;
  /** What it does ahead of time, while nothing is frozen. What the writers see of it counts too. */
  prepare?(): Promise<void>;
  /** Returns when all are thawed; throws when they were not all frozen. */
  run(): Promise<PeerRun>;
  close(): Promise<void>;
}

export interface PeerRun {
  /** First FIFREEZE begun to last FITHAW returned. */
  readonly windowMs: number;
  /** Whatever else the peer can tell about where the time went; goes into `--json` as it is. */
  readonly detail?: unknown;
}

/** Nothing is frozen: what the writers see anyway on this machine, the floor under every other row. */
export const nobody: Peer = {
  id: 'none',
  title: 'nobody (noise of the machine)',
  async run() {
    await sleep(300);
    return { windowMs: 0 };
  },
  async close() {},
};

export const plainIoctls = (arena: Arena): Peer => cPeer(arena, 'plain', 'C, ioctls one after another');

export const allTricks = (arena: Arena): Peer => cPeer(arena, 'tricks', 'C, all three tricks (the limit)');

const cPeer = (arena: Arena, mode: 'plain' | 'tricks', title: string): Peer => ({
  id: mode,
  title,
  async run() {
    const mountPoints = arena.fileSystems.map((fileSystem) => fileSystem.mountPoint);
    const program = startCompanion([arena.program('freeze-peer'), mode, ...mountPoints], {
      pidFolder: arena.pidFolder,
    });
    try {
      const detail = (await program.answer()) as { windowMs: number };
      return { windowMs: detail.windowMs, detail };
    } finally {
      await program.close();
    }
  },
  async close() {},
});
