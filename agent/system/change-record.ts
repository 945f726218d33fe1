import { posix, win32 } from 'node:path';
import { messageOf, UserError } from '../errors.ts';
import { parseJson } from './json.ts';
import { isRegistryPath, isRegistryValue } from './registry.ts';
import { composed, type State, type Step } from './steps.ts';
import type { Owner, System } from './system.ts';

/** What was changed on this machine for one purpose: on disk before the first effect, and until it is undone. */
export interface ChangeRecord {
  readonly schema: 1;
  /** Begun and not ended; whoever holds the lock and finds it knows that the process has died. */
  readonly underWay?: { readonly pid: number; readonly steps: readonly Step[] };
  /** What can be undone, oldest first. */
  readonly done: readonly Done[];
  /** Programs that are still to be run for it. */
  readonly owed: readonly (readonly string[])[];
}

export interface Done {
  readonly at: string;
  /** What was wanted; the same again belongs to it. */
  readonly wanted: string;
  readonly steps: readonly Step[];
}

export const NO_RECORD: ChangeRecord = { schema: 1, done: [], owed: [] };

/** What `undo` can go back over. The oldest are joined beyond that, so that the first state is never lost. */
const MOST = 10;

export function shortened(done: readonly Done[]): readonly Done[] {
  const [first, second, ...rest] = done;
  if (done.length <= MOST || first === undefined || second === undefined) return done;
  return [{ ...second, steps: composed(first.steps, second.steps) }, ...rest];
}

const NAME = 'record.json';

/** A broken record is an error, never ignored: something may be half done. */
export async function readRecord(system: System, folder: string): Promise<ChangeRecord> {
  const path = join(system, folder, NAME);
  try {
    const text = await system.readText(path);
    if (text === undefined) return NO_RECORD;
    const record = parseJson(text) as ChangeRecord;
    if (
      record?.schema !== 1 ||
      !isList(record.done) ||
      !(isList(record.owed) && record.owed.every(isList)) ||
      !areSteps(record)
    )
      throw new Error('it is damaged, or of another version');
    return record;
  } catch (cause) {
    throw new UserError('record.broken', `${path} cannot be read: ${messageOf(cause)}`, {
      remedy: `It says what was changed and what stood there before. Look at it, then move it away: ${path}`,
      cause,
    });
  }
}

/** On disk (fsync) before it returns. Secrets of the files may be in it: for root alone. */
export async function writeRecord(system: System, folder: string, record: ChangeRecord): Promise<void> {
  const path = join(system, folder, NAME);
  try {
    if (record.underWay === undefined && record.done.length === 0 && record.owed.length === 0) {
      await system.remove(path);
      await system.removeDir(folder);
      return;
    }
    await system.makeDir(folder, 0o700);
    await system.write(path, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  } catch (cause) {
    throw new UserError('record.unwritable', `${path} cannot be written: ${messageOf(cause)}`, {
      remedy: `Without this record nothing is changed that could not be undone. Make room, or look at: df ${folder}`,
      cause,
    });
  }
}

/** What a process left that was killed while it wrote the record. The caller holds the lock: nobody writes now. */
export async function sweepRecord(system: System, folder: string): Promise<void> {
  for (const name of (await system.list(folder)) ?? [])
    if (/^\.record\.json\.\d+\.tmp$/.test(name)) await system.remove(join(system, folder, name));
}

const join = (system: System, ...parts: readonly string[]): string =>
  (system.platform === 'windows' ? win32 : posix).join(...parts);

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

const areSteps = ({ underWay, done }: ChangeRecord): boolean =>
  [...(underWay === undefined ? [] : [underWay]), ...done].every(
    (each) => isList(each?.steps) && each.steps.every(isStep),
  );

const isStep = (step: Step | undefined): boolean =>
  typeof step?.path === 'string' &&
  // No path of any system has one, and none of its calls takes it.
  !step.path.includes('\0') &&
  (step.path.startsWith('/') || isRegistryPath(step.path)) &&
  isState(step.before) &&
  isState(step.after);

const isState = (state: State | undefined): boolean =>
  state === undefined || (state?.kind === 'value' ? isRegistryValue(state.value) : isFileOrFolder(state));

const isFileOrFolder = (state: Exclude<State, { kind: 'value' }>): boolean =>
  typeof state?.mode === 'number' &&
  (state.kind === 'folder' || (state.kind === 'file' && typeof state.text === 'string' && isOwner(state.owner)));

const isOwner = (owner: Owner | undefined): boolean =>
  owner === undefined || (typeof owner?.uid === 'number' && typeof owner.gid === 'number');
