import { messageOf, UserError } from '../errors.ts';
import { carryOut, type Left, notPutBack, takeBack } from './all-or-none.ts';
import { type ChangeRecord, type Done, readRecord, sweepRecord, writeRecord } from './change-record.ts';
import { type RunChange, runChange } from './changes.ts';
import { isRegistryPath } from './registry.ts';
import { underLock } from './run-lock.ts';
import { type Step, same, stateAt } from './steps.ts';
import type { System } from './system.ts';
import { distrust } from './trust.ts';

/** What a person is told beside what was done. */
export interface Note {
  readonly message: string;
  readonly remedy?: string;
}

/** One kind of change to this machine, with a record of its own. */
export interface Subject {
  /** Where the record is. */
  readonly folder: string;
  /** Codes of its errors begin so: `proxy`. */
  readonly code: string;
  /** `A change of the proxy`, at the beginning of a sentence. */
  readonly name: string;
  /** How long each of its programs may take. */
  readonly runMs: number;
  /** Why these programs must wait, in words; undefined when they may run. */
  whyNotNow(runs: readonly RunChange[]): Promise<string | undefined>;
}

/**
 * All steps or none, then the programs: what stands there now is on disk before the first effect, a step that fails takes
 * back those before it, and what a killed process left is taken back, or made up, by `settle`. The caller holds the lock.
 *
 * @param done what can be undone once it has been carried out.
 */
export async function transact(
  system: System,
  { folder, code }: Subject,
  { steps, runs, done }: { steps: readonly Step[]; runs: readonly RunChange[]; done: readonly Done[] },
): Promise<void> {
  const record = await readRecord(system, folder);
  await refuseUnsafe(system, steps, code);
  await writeRecord(system, folder, { ...record, underWay: { pid: process.pid, steps } });
  try {
    const kept = { schema: 1 as const, done, owed: runs.map(({ argv }) => argv) };
    await carryOut(system, steps, () => writeRecord(system, folder, kept));
  } catch (error) {
    // A record that cannot be written either says what is under way, and that will be found not to be.
    if (!isHalf(error)) await writeRecord(system, folder, record).catch(() => undefined);
    throw error;
  }
  await runAll(system, folder, code, runs);
}

const isHalf = (error: unknown): boolean => error instanceof UserError && error.code === 'change.half';

/** A link, or a folder on the way, that somebody else may change would have us write where he wants. */
async function refuseUnsafe(system: System, steps: readonly Step[], code: string): Promise<void> {
  if (!system.live) return;
  for (const { path } of steps) {
    // Whose links only administrators make.
    if (isRegistryPath(path)) continue;
    const found = await distrust(system, path);
    if (found !== undefined)
      throw new UserError(`${code}.unsafe`, `${found.what}: nothing is changed`, { remedy: found.remedy });
  }
}

/** What was done is off the record before the next one begins, so that a program is made up only if it may not have ended. */
async function runAll(system: System, folder: string, code: string, runs: readonly RunChange[]): Promise<void> {
  for (const [index, each] of runs.entries()) {
    try {
      await runChange(system, each);
    } catch (cause) {
      throw runFailed(code, { argv: each.argv, cause });
    }
    const owed = runs.slice(index + 1).map(({ argv }) => argv);
    await writeRecord(system, folder, { ...(await readRecord(system, folder)), owed });
  }
}

interface FailedRun {
  readonly argv: readonly string[];
  readonly cause: unknown;
}

/** The files stay: what is left is to be run by hand. */
function runFailed(code: string, { argv, cause }: FailedRun, all: readonly Pick<FailedRun, 'argv'>[] = [{ argv }]) {
  const left = all.map((each) => each.argv.join(' ')).join('; ');
  return new UserError(`${code}.restart`, `the files are changed, but ${argv.join(' ')} failed: ${messageOf(cause)}`, {
    remedy: `See why, then run it yourself: ${left}`,
    cause,
  });
}

/** The way back over the last change: each file as a whole, with those that somebody has edited since. */
export async function undoSteps(
  system: System,
  { done }: ChangeRecord,
): Promise<{ readonly steps: readonly Step[]; readonly edited: readonly string[] } | undefined> {
  const last = done.at(-1);
  if (last === undefined) return undefined;
  const steps: Step[] = [];
  const edited: string[] = [];
  for (const { path, before, after } of last.steps.toReversed()) {
    const now = await stateAt(system, path);
    if (same(now, before)) continue;
    if (!same(now, after)) edited.push(path);
    steps.push({ path, before: now, after: before });
  }
  return { steps, edited };
}

/** As `settle`, for who does not hold the lock: takes it only when there is something, and leaves it while it is taken. */
export async function settleUnlessBusy(system: System, subject: Subject, command: string): Promise<readonly Note[]> {
  const { underWay, owed } = await readRecord(system, subject.folder);
  if (underWay === undefined && owed.length === 0) return [];
  try {
    return await underLock(system, command, () => settle(system, subject));
  } catch (error) {
    if (error instanceof UserError && error.code === 'lock.busy') return [];
    throw error;
  }
}

/**
 * Ends what a killed process left: files that it had begun to change are put back, programs that were still to be run
 * are run. The caller holds the lock. Throws `change.half` when a file could not be put back yet.
 */
export async function settle(system: System, subject: Subject): Promise<readonly Note[]> {
  await sweepRecord(system, subject.folder);
  const record = await readRecord(system, subject.folder);
  const notes = record.underWay === undefined ? [] : await putBack(system, subject, record, record.underWay);
  return record.owed.length === 0 ? notes : [...notes, ...(await runOwed(system, subject))];
}

async function putBack(
  system: System,
  { folder, name }: Subject,
  record: ChangeRecord,
  { pid, steps }: NonNullable<ChangeRecord['underWay']>,
): Promise<readonly Note[]> {
  const left = await takeBack(system, steps, pid);
  const failed = left.filter(({ why }) => why !== undefined);
  if (failed.length > 0) throw stillHalf(failed);
  const { underWay: _, ...ended } = record;
  await writeRecord(system, folder, ended);
  const theirs = left.map(({ step }) => step.path);
  return [
    { message: `${name} that was cut off half-way has been taken back.` },
    ...(theirs.length === 0 ? [] : [{ message: `Left alone, since somebody has changed it: ${theirs.join(', ')}` }]),
  ];
}

async function runOwed(system: System, subject: Subject): Promise<readonly Note[]> {
  const { folder, code, name, runMs } = subject;
  const { owed } = await readRecord(system, folder);
  const runs = owed.map((argv): RunChange => ({ do: 'run', argv, timeoutMs: runMs }));
  const busy = await subject.whyNotNow(runs);
  if (busy !== undefined) return [{ message: `${owed.map((argv) => argv.join(' ')).join(', ')} waits: ${busy}` }];
  const failed: FailedRun[] = [];
  for (const [index, each] of runs.entries()) {
    // One that fails takes from its turn only what works on the same files: half an image must not take a whole one's place.
    const without = failed.find(({ argv }) => shareFile(argv, each.argv));
    if (without !== undefined) failed.push({ argv: each.argv, cause: without.cause });
    else if (!(await isMoved(system, each.argv)))
      await runChange(system, each).catch((cause) => failed.push({ argv: each.argv, cause }));
    // Tried once more is enough: who reads the error knows what to run.
    await writeRecord(system, folder, { ...(await readRecord(system, folder)), owed: owed.slice(index + 1) });
  }
  const [first] = failed;
  if (first !== undefined) throw runFailed(code, first, failed);
  return [{ message: `${name} that was cut off had left programs to be run, which has been done.` }];
}

/** The words that both begin with are the program, and that is no file they work on. */
function shareFile(some: readonly string[], others: readonly string[]): boolean {
  const differs = some.findIndex((word, at) => word !== others[at]);
  if (differs < 0) return true;
  return some.slice(differs).some((word) => word.startsWith('/') && others.slice(differs).includes(word));
}

/** Who was killed behind `mv` and before the record of it has nothing left to move. */
const isMoved = async (system: System, [program, ...args]: readonly string[]): Promise<boolean> =>
  program === 'mv' && (await system.stat(args.at(-2) ?? '')) === undefined;

const stillHalf = (left: readonly Left[]): UserError =>
  new UserError('change.half', `a change that was cut off is ${notPutBack(left)}`, {
    remedy: 'Mend that, then run the same command again.',
  });
