import { posix } from 'node:path';
import { messageOf, UserError } from '../errors.ts';
import { temporaryOf } from './atomic.ts';
import { isRegistryPath } from './registry.ts';
import { reversed, type Step, same, stateAt } from './steps.ts';
import type { System } from './system.ts';

/** A step that was not taken back. */
export interface Left {
  readonly step: Step;
  /** What failed; undefined where somebody else has changed the file since, so that it is his now. */
  readonly why: string | undefined;
}

/**
 * Carries all steps out, in their order. When one fails, those before it are taken back, and a `UserError` says so
 * (`change.failed`); `change.half` when that failed too, and is to be tried again. The caller has the steps on disk.
 *
 * @param commit comes last, and counts as a step: it is what makes them stay.
 */
export async function carryOut(system: System, steps: readonly Step[], commit: () => Promise<void>): Promise<void> {
  let what = '';
  try {
    for (const step of steps) {
      what = `${step.path} could not be changed`;
      await stillAsPlanned(system, step);
      await bring(system, step);
    }
    what = 'what was changed could not be kept on record';
    await commit();
  } catch (cause) {
    const left = (await takeBack(system, steps)).filter(({ why }) => why !== undefined);
    throw left.length === 0 ? failed(what, cause) : half(what, cause, left);
  }
}

/**
 * Undoes what was done of the steps, last first; also of those that were never begun, or cut off half-way by the end of
 * the process `pid`. What somebody else has changed since is left alone. Never throws: tells what is left.
 */
export async function takeBack(system: System, steps: readonly Step[], pid?: number): Promise<readonly Left[]> {
  const left: Left[] = [];
  for (const step of steps.toReversed()) {
    try {
      if (pid !== undefined && !isRegistryPath(step.path))
        await system.remove(temporaryOf(await behindLinks(system, step.path), pid));
      const now = await stateAt(system, step.path);
      if (same(now, step.after)) await bring(system, reversed(step));
      else if (!same(now, step.before)) left.push({ step, why: undefined });
    } catch (error) {
      left.push({ step, why: messageOf(error) });
    }
  }
  return left;
}

/** A folder goes only when nothing is left in it. */
async function bring(system: System, { path, before, after }: Step): Promise<void> {
  if (isRegistryPath(path))
    return after?.kind === 'value' ? system.registry?.write(path, after.value) : system.registry?.remove(path);
  if (after === undefined) return before?.kind === 'folder' ? system.removeDir(path) : system.remove(path);
  if (after.kind === 'folder') return system.makeDir(path, after.mode);
  if (after.kind === 'value') throw new Error(`${path} is no value of the registry`);
  const { text, mode, owner } = after;
  return system.write(path, text, { mode, encoding: 'latin1', keepAttributes: true, ...(owner && { owner }) });
}

/** Between the plan and now somebody else may have been at work. */
async function stillAsPlanned(system: System, { path, before }: Step): Promise<void> {
  if (!same(await stateAt(system, path), before)) throw new Error('somebody has changed it just now');
}

/** Where a file is written when a link leads to it; as many links as the kernel follows: path_resolution(7). */
async function behindLinks(system: System, path: string): Promise<string> {
  let here = path;
  for (let links = 0; links < 40; links += 1) {
    const target = await system.readLink(here);
    if (target === undefined) break;
    here = posix.resolve(posix.dirname(here), target);
  }
  return here;
}

const failed = (what: string, cause: unknown): UserError =>
  new UserError('change.failed', `${what}: ${messageOf(cause)} (everything is as it was)`, {
    remedy: 'Mend that, then run the same command again.',
    cause,
  });

const half = (what: string, cause: unknown, left: readonly Left[]): UserError =>
  new UserError('change.half', `${what}: ${messageOf(cause)}; and ${notPutBack(left)}`, {
    remedy: 'Mend that, then run the same command again: it puts back the rest first.',
    cause,
  });

export const notPutBack = (left: readonly Left[]): string =>
  `not put back: ${left.map(({ step, why }) => `${step.path} (${why ?? 'somebody else has changed it'})`).join(', ')}`;
