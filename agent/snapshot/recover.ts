import { messageOf, UserError } from '../errors.ts';
import { faultPoint } from '../fault-point.ts';
import { bootIdOf, freezeJournalPath } from '../freezer/linux.ts';
import { recoverFreeze } from '../freezer/recover.ts';
import { devicesNamedByTest } from '../freezer/selection.ts';
import { redact } from '../redact.ts';
import { loadLibc } from '../system/native.ts';
import type { System } from '../system/system.ts';
import { LeftBehind } from '../takers/left-behind.ts';
import { within } from './deadline.ts';
import { addToHistory, readHistory } from './history.ts';
import { Journal, type Owed, readOwed } from './journal.ts';
import type { Outcome } from './outcome.ts';
import type { Parts } from './parts.ts';
import type { Fault, PhaseName } from './phases.ts';
import { leaveOwedScripts } from './prepare-phase.ts';

export interface Recovered {
  /** Mount points that were still frozen. */
  readonly thawed: readonly string[];
  readonly faults: readonly Fault[];
  /** What became of the runs that were cut off; in the history too. */
  readonly outcomes: readonly Outcome[];
}

type RecoverParts = Pick<Parts, 'system' | 'log' | 'quiescers' | 'giveBack'>;

/**
 * Leaves whatever a previous run died inside: thaws, resumes, runs post scripts, and writes down that it was cut off.
 * What cannot be left stays on record and is tried again next time. The caller holds the lock, or knows that the one
 * who does is dead.
 */
export async function recover(parts: RecoverParts): Promise<Recovered> {
  const { system, log } = parts;
  const { thawed, faults } = await thawByRecord(parts, { ownerIsDead: true });
  for (const mountPoint of thawed) log.warn('was still frozen by a run that died; thawed', { mountPoint });
  const all = [...faults];
  const outcomes: Outcome[] = [];
  for (const owed of await readOwed(system)) {
    const journal = await Journal.resume(system, owed);
    await faultPoint('recovery.phases.before');
    const left = await leaveOwed(parts, owed, journal);
    await faultPoint('recovery.phases.after');
    const known = (await readHistory(system)).find(({ id }) => id === owed.run.id);
    const outcome =
      known === undefined ? cutOff(owed, thawed, [...faults, ...left], system.clock.now()) : leftLater(known, left);
    const unrecorded = await writeDown(system, outcome, journal);
    all.push(...left, ...unrecorded);
    outcomes.push(outcome);
    log.warn('what a run owed has been left in its place', { id: owed.run.id, faults: left.length });
  }
  return { thawed, faults: all, outcomes };
}

/** A disk that is full must not refuse every run from now on; what is on record is left again at the next start. */
async function writeDown(system: System, outcome: Outcome, journal: Journal): Promise<readonly Fault[]> {
  try {
    await faultPoint('recovery.history.before');
    await addToHistory(system, outcome);
    await faultPoint('recovery.history.after');
    await journal.end();
    return [];
  } catch (error) {
    const message = `that a run was left could not be written down: ${messageOf(error)}`;
    return [{ phase: 'run', during: 'recover', message }];
  }
}

/** The file systems only: for `thaw`, which must work whoever else is alive. */
export const thawOwed = (parts: Pick<Parts, 'system'>): Promise<Omit<Recovered, 'outcomes'>> =>
  thawByRecord(parts, { ownerIsDead: false });

async function thawByRecord(
  { system }: Pick<Parts, 'system'>,
  how: { readonly ownerIsDead: boolean },
): Promise<Omit<Recovered, 'outcomes'>> {
  if (system.platform === 'windows') return { thawed: [], faults: [] };
  const testDevices = devicesNamedByTest(system.env);
  await faultPoint('recovery.freeze.before');
  const { thawed, owed } = await recoverFreeze(freezeJournalPath(system), await bootIdOf(system), await loadLibc(), {
    testDevices,
    ...how,
  });
  await faultPoint('recovery.freeze.after');
  const faults = owed.map(({ mountPoint, message }) => ({
    phase: 'freeze' as const,
    during: 'recover' as const,
    mountPoint,
    message: `${mountPoint} could not be thawed: ${message}`,
    remedy: `fsfreeze --unfreeze ${mountPoint}`,
  }));
  return { thawed, faults };
}

async function leaveOwed(parts: RecoverParts, owed: Owed, journal: Journal): Promise<readonly Fault[]> {
  const faults: Fault[] = [];
  const attempt = async (phase: PhaseName | 'take', work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      const errors = error instanceof AggregateError ? error.errors : [error];
      faults.push(...errors.map((each) => faultOf(phase, each)));
    }
  };
  if (owed.phases.quiesce !== undefined)
    await attempt('quiesce', () => releaseOwed(parts, owed.phases.quiesce, journal));
  if (owed.phases.prepare !== undefined) {
    const owe = (what: unknown) => journal.owe('prepare', what);
    await attempt('prepare', () => leaveOwedScripts(parts.system, parts.log, owed.phases.prepare, owe));
  }
  if (owed.phases.take !== undefined) await attempt('take', () => giveBackOwed(parts, owed, journal));
  return faults;
}

const faultOf = (phase: PhaseName | 'take', error: unknown): Fault => ({
  phase,
  during: 'recover',
  message: redact(messageOf(error)),
  ...(error instanceof UserError && error.remedy !== undefined ? { remedy: error.remedy } : {}),
});

const RELEASE_MS = 60_000;

async function releaseOwed({ quiescers }: Pick<Parts, 'quiescers'>, what: unknown, journal: Journal): Promise<void> {
  const owed: readonly { readonly id: string }[] = Array.isArray(what)
    ? what.filter((each) => typeof each?.id === 'string')
    : [];
  const failed: unknown[] = [];
  const errors: unknown[] = [];
  for (const entry of owed) {
    const { id } = entry;
    try {
      const quiescer = quiescers.find((each) => each.id === id);
      if (quiescer === undefined) throw new Error(`${id} is not configured any more, so it cannot be released`);
      await faultPoint('recovery.release.before');
      await within(`releasing ${id}`, RELEASE_MS, (limit) => quiescer.release(limit));
      await faultPoint('recovery.release.after');
    } catch (error) {
      failed.push(entry);
      errors.push(error);
    }
  }
  await journal.owe('quiesce', failed.length === 0 ? undefined : failed);
  if (errors.length > 0) throw new AggregateError(errors);
}

const GIVE_BACK_MS = 120_000;

/** What cannot be given back stays owed. */
async function giveBackOwed(parts: RecoverParts, { run, phases }: Owed, journal: Journal): Promise<void> {
  const told = await within('giving back what the snapshot has left', GIVE_BACK_MS, async (limit) => {
    if (parts.giveBack === undefined) throw new Error(`nobody here knows what the taker ${run.taker} has left behind`);
    return parts.giveBack(run.taker, phases.take, limit).catch(onlyLeftBehind);
  });
  await journal.owe('take', undefined);
  if (told !== undefined) throw told;
}

function onlyLeftBehind(error: unknown): LeftBehind {
  if (error instanceof LeftBehind) return error;
  throw error;
}

/** A run that came to its end, but could not be left altogether then: what it was worth is known, and stays so. */
const leftLater = (known: Outcome, faults: readonly Fault[]): Outcome => ({
  ...known,
  faults: [...known.faults.filter(({ phase, during }) => during !== 'recover' || phase === 'run'), ...faults],
});

/** What can honestly be said of a run whose process died: nothing about the copy that it may have begun. */
const cutOff = ({ run }: Owed, thawed: readonly string[], faults: readonly Fault[], now: Date): Outcome => ({
  schema: 1,
  ...run,
  tookMs: Math.max(0, now.getTime() - Date.parse(run.startedAt)),
  consistency: 'none',
  reason: 'the process that took it died; whatever was copied must not be relied upon',
  frozenMs: 0,
  frozen: thawed,
  left: [],
  warnings: [],
  faults: [
    { phase: 'run', during: 'recover', message: 'the run was cut off and has been left by another process' },
    ...faults,
  ],
  timeline: [],
});
