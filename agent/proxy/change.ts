import { UserError } from '../errors.ts';
import { carryOut } from '../system/all-or-none.ts';
import { readRecord, writeRecord } from '../system/change-record.ts';
import { underLock } from '../system/run-lock.ts';
import type { Step } from '../system/steps.ts';
import type { System } from '../system/system.ts';
import { distrust } from '../system/trust.ts';
import { type ProxyRequest, planProxy } from './plan.ts';
import { doneAfter, recordFolder } from './record.ts';
import { type Aftermath, aftermathOf, type Restart, restartsAgent } from './restarts.ts';
import { runAll, settle } from './settle.ts';

export interface ProxyParts {
  readonly system: System;
  /** Why the VM agent must not be restarted now, in words; undefined when it may. */
  readonly backupUnderWay: () => Promise<string | undefined>;
}

/** A plan, or what came of it. */
export interface ProxyChange extends Aftermath {
  readonly steps: readonly Step[];
}

/** What would be done; touches nothing. Throws what `changeProxy` would refuse for its files. */
export async function previewProxy(
  { system }: ProxyParts,
  request: ProxyRequest,
  restart: Restart,
): Promise<ProxyChange> {
  const { steps, notes } = await planProxy(system, request, await readRecord(system, recordFolder(system)));
  const aftermath = await aftermathOf(system, pathsOf(steps), restart);
  return { steps, runs: aftermath.runs, notes: [...notes, ...aftermath.notes] };
}

/**
 * All of it or nothing: what stands there now is on disk before the first effect, a step that fails takes back those
 * before it, and what a killed process left is taken back by the next one. Throws a `UserError`: `lock.busy`,
 * `proxy.backup` while a backup is under way that a restart of the agent would end, `proxy.unsafe`, `change.failed` …
 *
 * @param tell called before anything is touched, with what will be done.
 */
export async function changeProxy(
  parts: ProxyParts,
  request: ProxyRequest,
  restart: Restart,
  tell: (change: ProxyChange) => void = () => undefined,
): Promise<ProxyChange> {
  const { system } = parts;
  return underLock(system, `quiesced proxy ${request.do}`, async () => {
    const settled = await settle(parts);
    const folder = recordFolder(system);
    const record = await readRecord(system, folder);
    const planned = await previewProxy(parts, request, restart);
    const change = { ...planned, notes: [...settled, ...planned.notes] };
    // What was undone by hand is still to be forgotten.
    if (change.steps.length === 0 && !(request.do === 'undo' && record.done.length > 0)) return change;
    await refuseUnsafe(system, change.steps);
    const busy = restartsAgent(change) ? await parts.backupUnderWay() : undefined;
    if (busy !== undefined) throw backup(busy);
    tell(change);
    const { runs } = change;
    const done = doneAfter(record, request, change.steps, system.clock.now());
    await writeRecord(system, folder, { ...record, underWay: { pid: process.pid, steps: change.steps } });
    try {
      const kept = { schema: 1 as const, done, owed: runs.map(({ argv }) => argv) };
      await carryOut(system, change.steps, () => writeRecord(system, folder, kept));
    } catch (error) {
      // A record that cannot be written either says what is under way, and that will be found not to be.
      if (!isHalf(error)) await writeRecord(system, folder, record).catch(() => undefined);
      throw error;
    }
    await runAll(system, runs);
    if (runs.length > 0) await writeRecord(system, folder, { schema: 1, done, owed: [] });
    return change;
  });
}

const pathsOf = (steps: readonly Step[]): readonly string[] => steps.map(({ path }) => path);

const isHalf = (error: unknown): boolean => error instanceof UserError && error.code === 'change.half';

/** A link, or a folder on the way, that somebody else may change would have us write where he wants. */
async function refuseUnsafe(system: System, steps: readonly Step[]): Promise<void> {
  if (!system.live) return;
  for (const { path } of steps) {
    const found = await distrust(system, path);
    if (found !== undefined)
      throw new UserError('proxy.unsafe', `${found.what}: nothing is changed`, { remedy: found.remedy });
  }
}

const backup = (busy: string): UserError =>
  new UserError('proxy.backup', `a backup is under way, which a restart of the VM agent would end: ${busy}`, {
    remedy: 'Run it again when that is done. With --no-restart the agent reads it at its next start.',
  });
