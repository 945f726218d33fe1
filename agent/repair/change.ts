import { join } from 'node:path';
import { UserError } from '../errors.ts';
import { readRecord, shortened } from '../system/change-record.ts';
import type { FileChange, RunChange } from '../system/changes.ts';
import { PATHS } from '../system/paths.ts';
import { underLock } from '../system/run-lock.ts';
import { type Step, stepsOf } from '../system/steps.ts';
import type { System } from '../system/system.ts';
import { type Note, type Subject, settle, settleUnlessBusy, transact, undoSteps } from '../system/transaction.ts';
import { repairs } from './all.ts';
import { type Repair, type RepairContext, RUN_MS } from './repair.ts';

/** What is needed to end what was cut off. */
export interface SettleParts {
  readonly system: System;
  /** Why nothing may be changed now, in words; undefined when it may. */
  readonly backupUnderWay: () => Promise<string | undefined>;
}

export interface RepairParts extends SettleParts, RepairContext {}

export type RepairRequest =
  | { readonly do: 'repair'; readonly repairs: readonly Repair[] }
  /** @param force also where somebody has edited a file since, whose edits are lost then. */
  | { readonly do: 'undo'; readonly force: boolean };

/** What would be done, or was. */
export interface RepairChange {
  /** Those that have something to do. */
  readonly repairs: readonly Repair[];
  readonly steps: readonly Step[];
  readonly runs: readonly RunChange[];
  readonly notes: readonly Note[];
}

const folderOf = ({ platform }: Pick<System, 'platform'>): string => join(PATHS[platform].state, 'repair');

const subjectOf = ({ system, backupUnderWay }: SettleParts): Subject => ({
  folder: folderOf(system),
  code: 'repair',
  name: 'A repair',
  runMs: RUN_MS,
  whyNotNow: backupUnderWay,
});

/** For the daemon, and for who only looks: ends what a killed process left, unless somebody is at work. */
export const settleRepairs = (parts: SettleParts, command: string): Promise<readonly Note[]> =>
  settleUnlessBusy(parts.system, subjectOf(parts), command);

/** For who leaves what a dead run held, and so has its lock. */
export const settleRepairsUnderLock = (parts: SettleParts): Promise<readonly Note[]> =>
  settle(parts.system, subjectOf(parts));

/** What would be done; touches nothing but a folder in memory for `findmnt`. Throws what `carryOutRepair` would refuse. */
export async function planRepair(parts: RepairParts, request: RepairRequest): Promise<RepairChange> {
  const change =
    request.do === 'undo' ? await planUndo(parts, request.force) : await planForward(parts, request.repairs);
  return runnable(parts.system, change);
}

/**
 * All files or none, with what stood there before on disk first; then the programs, each of which is made up by the next
 * command if this process is killed. Throws a `UserError`: `lock.busy`, `repair.backup`, `repair.invalid`, `change.failed`,
 * `repair.restart` …
 *
 * @param tell called before anything is touched, with what will be done.
 */
export async function carryOutRepair(
  parts: RepairParts,
  request: RepairRequest,
  tell: (change: RepairChange) => void = () => undefined,
): Promise<RepairChange> {
  const { system } = parts;
  const subject = subjectOf(parts);
  return underLock(system, `quiesced repair${request.do === 'undo' ? ' undo' : ''}`, async () => {
    const busy = await parts.backupUnderWay();
    if (busy !== undefined) throw backup(busy);
    const settled = await settle(system, subject);
    const planned = await planRepair(parts, request);
    const change = { ...planned, notes: [...settled, ...planned.notes] };
    const { done } = await readRecord(system, subject.folder);
    const forgets = request.do === 'undo' && done.length > 0;
    if (change.steps.length === 0 && change.runs.length === 0 && !forgets) return change;
    tell(change);
    const { steps, runs } = change;
    const wanted = change.repairs.map(({ id }) => id).join(',');
    const now = { at: system.clock.now().toISOString(), wanted, steps };
    const after = request.do === 'undo' ? done.slice(0, -1) : steps.length === 0 ? done : shortened([...done, now]);
    await transact(system, subject, { steps, runs, done: after });
    return change;
  });
}

async function planForward(parts: RepairParts, wanted: readonly Repair[]): Promise<RepairChange> {
  const { system } = parts;
  const changes: FileChange[] = [];
  const [followed, own]: [RunChange[], RunChange[]] = [[], []];
  const notes: Note[] = [];
  const busy: Repair[] = [];
  for (const repair of wanted) {
    // Two may have lines in one file: each goes on from what the one before would leave there.
    const soFar = asChanged(system, changes);
    const plan = await repair.plan(soFar, parts);
    await repair.verify?.(soFar, plan.changes);
    changes.push(...plan.changes);
    notes.push(...plan.notes);
    const paths = plan.changes.map(({ path }) => path);
    followed.push(...((await repair.follow?.(system, paths, 'there', parts)) ?? []));
    own.push(...plan.runs);
    if (plan.changes.length + plan.runs.length > 0) busy.push(repair);
  }
  return { repairs: busy, steps: await stepsOf(system, changes), runs: [...followed, ...own], notes };
}

/** The machine with these files as they would be, for who plans on. */
function asChanged(system: System, changes: readonly FileChange[]): System {
  const texts = new Map<string, Buffer>();
  for (const change of changes)
    if (change.do === 'write') texts.set(change.path, Buffer.from(change.text, change.encoding));
  return {
    ...system,
    readText: async (path, encoding = 'utf8') => texts.get(path)?.toString(encoding) ?? system.readText(path, encoding),
  };
}

async function planUndo(parts: RepairParts, force: boolean): Promise<RepairChange> {
  const { system } = parts;
  const record = await readRecord(system, folderOf(system));
  const back = await undoSteps(system, record);
  if (back === undefined)
    return { repairs: [], steps: [], runs: [], notes: [{ message: 'There is nothing to undo.' }] };
  if (back.edited.length > 0 && !force) throw editedSince(back.edited);
  const ids = record.done.at(-1)?.wanted.split(',') ?? [];
  const concerned = repairs.filter(({ id }) => ids.includes(id));
  const paths = back.steps.map(({ path }) => path);
  const runs: RunChange[] = [];
  for (const { follow } of concerned) runs.push(...((await follow?.(system, paths, 'back', parts)) ?? []));
  return { repairs: concerned, steps: back.steps, runs, notes: [] };
}

/** The programs of this machine would work on itself, and not below a test's own root. */
function runnable({ env, root }: System, change: RepairChange): RepairChange {
  if (env.QUIESCED_TEST !== '1' || root === '/' || change.runs.length === 0) return change;
  const left = change.runs.map(({ argv }) => argv.join(' ')).join('; ');
  return { ...change, runs: [], notes: [...change.notes, { message: `Not run below ${root}: ${left}` }] };
}

const backup = (busy: string): UserError =>
  new UserError('repair.backup', `a backup is under way, during which nothing is repaired: ${busy}`, {
    remedy: 'Run it again when that is done.',
  });

const editedSince = (paths: readonly string[]): UserError =>
  new UserError('repair.edited', `edited since quiesced wrote it: ${paths.join(', ')}`, {
    remedy: 'To lose the edits: quiesced repair undo --force, after a look at what it would do, with --dry-run.',
  });
