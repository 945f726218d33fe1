import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Arena } from './arena.ts';
import { startCompanion } from './command.ts';
import type { Peer } from './peer.ts';

/**
 * Our own freezer in a process of its own, as in the daemon: the pool of threads must be set before Node starts, and
 * `QUIESCED_TEST` confines it to the devices named here. What it writes to `/run` goes to memory, as on a real machine.
 */
export async function ours(arena: Arena): Promise<Peer> {
  const root = join(arena.folder, 'ours');
  await mkdir(root);
  await arena.tmpfs('ours/run');
  const mountPoints = arena.fileSystems.map((fileSystem) => fileSystem.mountPoint);
  const program = startCompanion([process.execPath, join(import.meta.dirname, 'ours-process.ts'), ...mountPoints], {
    pidFolder: arena.pidFolder,
    env: {
      QUIESCED_TEST: '1',
      QUIESCED_TEST_ROOT: root,
      QUIESCED_TEST_DEVICES: arena.fileSystems.map((fileSystem) => fileSystem.id).join(','),
      UV_THREADPOOL_SIZE: String(Math.max(8, 2 * mountPoints.length)),
    },
  });
  await program.answer(); // ready
  return {
    id: 'ours',
    title: 'quiesced',
    async prepare() {
      await program.ask('prepare');
    },
    async run() {
      const detail = (await program.ask('run')) as { windowMs: number; error?: string };
      if (detail.error !== undefined) throw new Error(`quiesced: ${detail.error}`);
      return { windowMs: detail.windowMs, detail };
    },
    close: () => program.close(),
  };
}
