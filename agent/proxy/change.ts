import { UserError } from '../errors.ts';
import { readRecord } from '../system/change-record.ts';
import { underLock } from '../system/run-lock.ts';
import type { Step } from '../system/steps.ts';
import type { System } from '../system/system.ts';
import { transact } from '../system/transaction.ts';
import { type ProxyRequest, planProxy } from './plan.ts';
import { doneAfter, recordFolder } from './record.ts';
import { type Aftermath, aftermathOf, type Restart, restartsAgent } from './restarts.ts';
import { settle, subjectOf } from './settle.ts';

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
    const record = await readRecord(system, recordFolder(system));
    const planned = await previewProxy(parts, request, restart);
    const change = { ...planned, notes: [...settled, ...planned.notes] };
    // What was undone by hand is still to be forgotten.
    if (change.steps.length === 0 && !(request.do === 'undo' && record.done.length > 0)) return change;
    const busy = restartsAgent(change) ? await parts.backupUnderWay() : undefined;
    if (busy !== undefined) throw backup(busy);
    tell(change);
    const done = doneAfter(record, request, change.steps, system.clock.now());
    await transact(system, subjectOf(parts), { steps: change.steps, runs: change.runs, done });
    return change;
  });
}

const pathsOf = (steps: readonly Step[]): readonly string[] => steps.map(({ path }) => path);

const backup = (busy: string): UserError =>
  new UserError('proxy.backup', `a backup is under way, which a restart of the VM agent would end: ${busy}`, {
    remedy: 'Run it again when that is done. With --no-restart the agent reads it at its next start.',
  });
