import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Arena } from './arena.ts';
import { waitForCalm } from './calm.ts';
import { must } from './command.ts';
import type { Peer } from './peer.ts';
import type { WriterReport, Writers } from './writers.ts';

/** What stands in the page cache when the freeze comes. */
export type Scene = 'idle' | 'dirty';

const DIRTY_MIB = 64;
/** So long nothing happens before each measurement: the kernel's grace periods are cold again after it. */
const COLD_MS = 200;
/** The last write that had to wait must have returned before we ask. */
const AFTER_MS = 100;

/** One freeze and thaw of all file systems by one peer. */
export interface Sample {
  readonly round: number;
  readonly scene: Scene;
  readonly peer: Peer['id'];
  /** The longest single write that any writer saw. */
  readonly stallMs: number;
  /** The longest one while the peer prepared; part of `stallMs`. */
  readonly prepareStallMs: number;
  readonly windowMs: number;
  readonly writers: readonly WriterReport[];
  /** Unwritten data of the whole machine when the peer began. */
  readonly dirtyMiB: number;
  /** Idle share of the processors just before; see calm.ts. */
  readonly idleShare: number;
  readonly detail: unknown;
}

/** What to measure. */
interface Subject {
  readonly peer: Peer;
  readonly scene: Scene;
  readonly round: number;
  /** How long it may wait for a calm moment. */
  readonly patienceMs: number;
}

/** Once more, a few times, when somebody else raised rcu_expedited meanwhile: that makes everybody look fast. */
export async function measure(arena: Arena, writers: Writers, subject: Subject): Promise<Sample> {
  for (let tries = 5; ; tries--) {
    const sample = await measureOnce(arena, writers, subject);
    if ((await expedited()) === '0') return sample;
    if (tries === 1) throw new Error('rcu_expedited is raised again and again: by whom? Nothing can be compared.');
  }
}

/** What is written before the freeze lies in the page cache, unallocated, as a program that just wrote leaves it. */
async function measureOnce(arena: Arena, writers: Writers, subject: Subject): Promise<Sample> {
  const { peer, scene, round, patienceMs } = subject;
  const mountPoints = arena.fileSystems.map((fileSystem) => fileSystem.mountPoint);
  const prepareStallMs = await prepare(peer, writers);
  const { idleShare, dirtyMiB } = await settle(mountPoints, scene, patienceMs);
  await expeditingIsOver();

  // Tells the sweeper that whoever raised rcu_expedited may have died before putting it back.
  const marker = join(arena.folder, 'expediting');
  await writeFile(marker, '');
  await writers.reset();
  const { windowMs, detail } = await peer.run();
  await rm(marker);
  await sleep(AFTER_MS);
  const reports = await writers.report();

  const stallMs = Math.max(prepareStallMs, longest(reports));
  return {
    round,
    scene,
    peer: peer.id,
    stallMs,
    prepareStallMs,
    windowMs,
    writers: reports,
    dirtyMiB,
    idleShare,
    detail,
  };
}

async function prepare(peer: Peer, writers: Writers): Promise<number> {
  if (peer.prepare === undefined) return 0;
  await writers.reset();
  await peer.prepare();
  return longest(await writers.report());
}

const longest = (reports: readonly WriterReport[]): number => Math.max(...reports.map(({ longestMs }) => longestMs));

/** Sets the scene, again when somebody's sync(2) wrote our data out while we waited for calm. */
async function settle(
  mountPoints: readonly string[],
  scene: Scene,
  patienceMs: number,
): Promise<{ idleShare: number; dirtyMiB: number }> {
  for (let tries = 3; ; tries--) {
    await must(['sync', '-f', ...mountPoints]);
    if (scene === 'dirty') await makeDirty(mountPoints);
    const idleShare = await waitForCalm(COLD_MS, patienceMs);
    const dirtyMiB = await unwrittenMiB();
    if (scene === 'idle' || dirtyMiB >= enoughMiB(mountPoints.length) || tries === 1) return { idleShare, dirtyMiB };
  }
}

const enoughMiB = (fileSystems: number): number => 0.9 * DIRTY_MIB * fileSystems;

async function makeDirty(mountPoints: readonly string[]): Promise<void> {
  const data = Buffer.alloc(DIRTY_MIB * 1024 * 1024, 'd');
  for (const mountPoint of mountPoints) await writeFile(join(mountPoint, 'dirty.dat'), data);
}

/** Whether less is unwritten than was just written: writeback came first, and the figures would flatter. */
export const wasFlushedBefore = (sample: Sample): boolean =>
  sample.scene === 'dirty' && sample.dirtyMiB < enoughMiB(sample.writers.length);

async function unwrittenMiB(): Promise<number> {
  const text = await readFile('/proc/meminfo', 'utf8');
  return Math.round(Number(/^Dirty:\s+(\d+) kB/m.exec(text)?.[1]) / 1024);
}

async function expeditingIsOver(): Promise<void> {
  for (let tries = 600; tries > 0; tries--) {
    if ((await expedited()) === '0') return;
    await sleep(100);
  }
  throw new Error('rcu_expedited stays raised: by whom? Nothing can be compared meanwhile.');
}

export const expedited = async (): Promise<string> => (await readFile('/sys/kernel/rcu_expedited', 'utf8')).trim();
