import { win32 } from 'node:path';
import { UserError } from '../../errors.ts';
import { faultPoint } from '../../fault-point.ts';
import { parseJson } from '../../system/json.ts';
import { PATHS } from '../../system/paths.ts';
import type { System } from '../../system/system.ts';
import { deleteSet, isSetId } from './delete-set.ts';

/** A set of shadow copies that was made by a run that came to its end, and is kept. */
export interface KeptSet {
  readonly set: string;
  /** ISO 8601, UTC. */
  readonly madeAt: string;
  readonly consistency: string;
}

const PATH = win32.join(PATHS.windows.state, 'shadows.json');

/** Oldest first. A record that cannot be read is an error: what is in it would never be deleted. */
export async function readKept(system: System): Promise<readonly KeptSet[]> {
  const text = await system.readText(PATH);
  return text === undefined ? [] : parseKept(text);
}

export function parseKept(text: string): readonly KeptSet[] {
  try {
    const { kept } = parseJson(text) as { readonly kept?: unknown };
    if (Array.isArray(kept) && kept.every(isKept)) return kept;
  } catch {
    // Told below.
  }
  throw new UserError('vss.record-broken', `${PATH} is not the record that quiesced has written`, {
    remedy: 'See which shadow copies there are: vssadmin list shadows. Delete what is left over, then remove the file.',
  });
}

const isKept = (value: unknown): value is KeptSet =>
  typeof value === 'object' &&
  value !== null &&
  ['madeAt', 'consistency'].every((key) => typeof (value as Record<string, unknown>)[key] === 'string') &&
  isSetId((value as Record<string, unknown>).set);

export const addKept = async (system: System, one: KeptSet): Promise<void> =>
  writeKept(system, [...(await readKept(system)).filter(({ set }) => set !== one.set), one]);

export async function forgetKept(system: System, set: string): Promise<void> {
  const kept = await readKept(system);
  const rest = kept.filter((each) => each.set !== set);
  if (rest.length < kept.length) await writeKept(system, rest);
}

async function writeKept(system: System, kept: readonly KeptSet[]): Promise<void> {
  await faultPoint('vss.kept.before');
  await system.write(PATH, `${JSON.stringify({ schema: 1, kept }, undefined, 2)}\n`, { mode: 0o600 });
  await faultPoint('vss.kept.after');
}

/**
 * Those that are too many: all but the newest `keep`. The last application-consistent one stays in any case, until
 * there is another: a snapshot of less must not cost the one that would be restored. With `keep` 0 none stays.
 */
export function surplusOf(kept: readonly KeptSet[], keep: number): readonly KeptSet[] {
  if (keep === 0) return kept;
  const best = kept.findLast(({ consistency }) => consistency === 'application');
  return kept.slice(0, -keep).filter((each) => each !== best);
}

/**
 * Deletes those that are too many, each by its id; one that cannot be deleted stays on record. When it is too late, those that
 * are left, and the record, are another run's.
 *
 * @param folder for scripts and logs; the caller removes it.
 */
export async function prune(system: System, folder: string, keep: number, signal: AbortSignal): Promise<void> {
  const problems: unknown[] = [];
  for (const { set } of surplusOf(await readKept(system), keep)) {
    signal.throwIfAborted();
    try {
      await deleteSet(system, folder, set);
      if (!signal.aborted) await forgetKept(system, set);
    } catch (error) {
      problems.push(error);
    }
  }
  if (problems.length > 0) throw new AggregateError(problems, 'not every old shadow copy could be deleted');
}
