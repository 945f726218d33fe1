import { setTimeout as sleep } from 'node:timers/promises';
import type { Felt } from './agent.ts';
import type { Machine } from './machine.ts';
import { MOUNTS } from './recipe.ts';

/** A write that has not come back for so long is not late but held. The longest seen without a freeze: 180 ms. */
const HELD_MS = 400;

/** The file systems that let no write through at this moment. */
export const held = (felt: readonly Felt[]): readonly string[] =>
  felt.filter(({ blockedMs }) => blockedMs >= HELD_MS).map(({ mountPoint }) => mountPoint);

/** Waits until these are frozen, and nothing less; gives what is when the time is up. */
export async function untilFrozen(
  machine: Pick<Machine, 'feel'>,
  mounts: readonly string[] = MOUNTS,
  timeoutMs = 20_000,
): Promise<readonly string[]> {
  for (const end = Date.now() + timeoutMs; ; await sleep(50)) {
    const now = held(await machine.feel());
    if (mounts.every((mountPoint) => now.includes(mountPoint)) || Date.now() > end) return now;
  }
}

/** From a thaw to the next write, on a machine that is emulated, whose disk is busy. */
const SEEN_MS = 20_000;

/** Waits until nothing is frozen; gives what still is when the time is up. */
export async function untilThawed(
  machine: Pick<Machine, 'feel'>,
  timeoutMs: number = SEEN_MS,
): Promise<readonly string[]> {
  for (const end = Date.now() + timeoutMs; ; await sleep(50)) {
    const blocked = (await machine.feel()).filter(({ blockedMs }) => blockedMs >= HELD_MS);
    if (blocked.length === 0 || Date.now() > end) return blocked.map(({ mountPoint }) => mountPoint);
  }
}

/** The longest that any of them has let no write through. */
export const longestFelt = (felt: readonly Felt[]): number => Math.max(...felt.map(({ longestMs }) => longestMs));
