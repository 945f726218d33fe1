import { once } from 'node:events';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseMountinfo } from '../../agent/freezer/mounts.ts';
import type { Arena } from './arena.ts';
import { type Companion, must, startCompanion } from './command.ts';
import { type LineClient, lineClient } from './lines.ts';
import type { Peer } from './peer.ts';

/**
 * Debian's guest agent, a private instance over its socket. It thaws every mount that it can see, and without a list
 * freezes every one, so it sees only ours (peers/nest.c), which is read back before the first command, and gets a list
 * as well.
 */
export async function qemuGuestAgent(arena: Arena, program: string): Promise<Peer> {
  const root = await arena.tmpfs('ga');
  await copyWithLibraries(program, root);
  const agent = startAgent(arena, root, program);
  try {
    const { socket, client } = await connectTo(join(root, 'ga.sock'));
    const inside = await mountsSeenBy(agent.pid, arena);
    const freeze = { execute: 'guest-fsfreeze-freeze-list', arguments: { mountpoints: inside } };
    return {
      id: 'qemu-ga',
      title: (await must([program, '--version'])).trim(),
      async run() {
        const began = performance.now();
        const frozen = await command(client, freeze);
        const thawed = await command(client, { execute: 'guest-fsfreeze-thaw' });
        const windowMs = performance.now() - began;
        if (frozen === inside.length && thawed === inside.length) return { windowMs };
        throw new Error(`qemu-ga froze ${frozen} and thawed ${thawed} of ${inside.length} file systems`);
      },
      async close() {
        socket.destroy();
        agent.terminate(); // it thaws first when it has something frozen
        await agent.close();
      },
    };
  } catch (error) {
    agent.terminate();
    throw error;
  }
}

function startAgent(arena: Arena, root: string, program: string): Companion {
  const mountPoints = arena.fileSystems.map((fileSystem) => fileSystem.mountPoint);
  const agent = [program, '-m', 'unix-listen', '-p', '/ga.sock', '-t', '/', '-f', '/ga.pid', '-l', '/ga.log'];
  return startCompanion([arena.program('nest'), root, ...mountPoints, '--', ...agent], { pidFolder: arena.pidFolder });
}

/** What ldd names, at the same places, so that the loader finds it. */
async function copyWithLibraries(program: string, root: string): Promise<void> {
  const listed = await must(['ldd', program]);
  const libraries = [...listed.matchAll(/(?:=> |^\s+)(\/\S+)/gm)].map((match) => match[1] ?? '');
  for (const path of [program, ...libraries]) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    await copyFile(path, join(root, dirname(path), basename(path)));
  }
}

/** Throws unless everything on a block device that the agent sees is ours, and all of ours is there. */
async function mountsSeenBy(pid: number, arena: Arena): Promise<readonly string[]> {
  const seen = parseMountinfo(await readFile(`/proc/${pid}/mountinfo`, 'utf8'));
  const onDevices = seen.filter((mount) => !mount.device.startsWith('0:') || mount.type === 'btrfs');
  const wanted = new Set(arena.fileSystems.map((fileSystem) => fileSystem.id));
  if (onDevices.length === wanted.size && onDevices.every((mount) => wanted.has(mount.device))) {
    return onDevices.map((mount) => mount.mountPoint);
  }
  throw new Error(`qemu-ga would see ${onDevices.map((mount) => `${mount.device} ${mount.mountPoint}`).join(', ')}`);
}

async function connectTo(path: string): Promise<{ socket: Socket; client: LineClient }> {
  for (let tries = 600; ; tries--) {
    const socket = connect(path);
    try {
      await once(socket, 'connect');
      socket.on('error', () => {}); // a question that is open then fails by end of file
      const client = lineClient(socket, socket);
      await command(client, { execute: 'guest-ping' });
      return { socket, client };
    } catch (error) {
      socket.destroy();
      if (tries === 0) throw error;
      await sleep(100);
    }
  }
}

async function command(client: LineClient, request: object): Promise<unknown> {
  const reply = (await client.ask(JSON.stringify(request))) as { return?: unknown; error?: { desc?: string } };
  if (reply.error === undefined) return reply.return;
  throw new Error(`qemu-ga: ${reply.error.desc ?? JSON.stringify(reply.error)}`);
}
