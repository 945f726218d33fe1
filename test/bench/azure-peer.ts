import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SnapshotOrigin } from '../../extensions/azure/settings.ts';
import type { Arena } from './arena.ts';
import { type Companion, startCompanion } from './command.ts';
import type { Peer } from './peer.ts';

/** What azure-process.ts is asked to do. */
export interface AzureJob {
  readonly from: SnapshotOrigin;
  /** Origins of the other side. */
  readonly storage: string;
  readonly host: string;
  readonly ca: string;
  readonly mounts: readonly string[];
  /** How long they may be frozen; absent: as it is configured by default. */
  readonly deadlineMs?: number;
}

/** Nothing is too slow for that: a benchmark is not to fail for it. */
const LONG_MS = 60_000;

/** The other side; see azure-mock.ts. */
export interface AzureSide {
  readonly storage: string;
  readonly host: string;
  /** The slowest request since the last call, as it saw it, and how slow it is to be from now on. */
  take(delayMs: number): Promise<number>;
  close(): Promise<void>;
}

export async function startAzureSide(arena: Arena, certificates: string): Promise<AzureSide> {
  const argv = [process.execPath, join(import.meta.dirname, 'azure-mock.ts'), certificates];
  const program = startCompanion(argv, { pidFolder: arena.pidFolder });
  const { storage, host } = (await program.answer()) as { storage: string; host: string };
  return {
    storage,
    host,
    take: async (delayMs) => ((await program.ask(String(delayMs))) as { slowestMs: number }).slowestMs,
    close: () => program.close(),
  };
}

/** Of one run. */
export interface AzureDetail {
  /** The slowest request of a snapshot, as the other side saw it. */
  readonly slowestMs: number;
  /** The whole job, from the lock to the outcome. */
  readonly tookMs: number;
}

interface Ended {
  readonly frozenMs: number;
  readonly tookMs: number;
  readonly consistency: string;
  readonly faults: readonly { readonly message: string }[];
}

/** A whole job of Azure: the process of the job is started beforehand, as the VM agent does it, and ends with it. */
export async function azurePeer(
  arena: Arena,
  side: AzureSide,
  ca: string,
  from: 'onlyGuest' | 'onlyHost',
  delayMs: number,
): Promise<Peer> {
  const id = `azure-${from}-${delayMs}` as const;
  const root = join(arena.folder, id);
  await mkdir(root);
  await arena.tmpfs(`${id}/run`);
  const mounts = arena.fileSystems.map((fileSystem) => fileSystem.mountPoint);
  const env = {
    QUIESCED_TEST: '1',
    QUIESCED_TEST_ROOT: root,
    QUIESCED_TEST_DEVICES: arena.fileSystems.map((fileSystem) => fileSystem.id).join(','),
    UV_THREADPOOL_SIZE: String(Math.max(8, 2 * mounts.length)),
  };
  let program: Companion | undefined;
  return {
    id,
    title: `${from === 'onlyGuest' ? 'guest' : 'host'}, ${delayMs} ms`,
    async prepare() {
      await program?.close();
      const argv = [process.execPath, join(import.meta.dirname, 'azure-process.ts')];
      program = startCompanion(argv, { pidFolder: arena.pidFolder, env });
      await program.answer(); // ready
    },
    async run() {
      if (program === undefined) throw new Error('it was not prepared');
      await side.take(delayMs);
      const job: AzureJob = { from, storage: side.storage, host: side.host, ca, mounts, deadlineMs: LONG_MS };
      const { frozenMs, tookMs, consistency, faults } = (await program.ask(JSON.stringify(job))) as Ended;
      if (consistency !== 'file-system' || faults.length > 0) throw new Error(`${id}: ${JSON.stringify(faults)}`);
      const detail: AzureDetail = { slowestMs: await side.take(0), tookMs };
      return { windowMs: frozenMs, detail };
    },
    async close() {
      await program?.close();
    },
  };
}
