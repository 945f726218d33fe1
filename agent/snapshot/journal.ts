import { join } from 'node:path';
import { messageOf, UserError } from '../errors.ts';
import { faultPoint } from '../fault-point.ts';
import { parseJson } from '../system/json.ts';
import { PATHS } from '../system/paths.ts';
import type { System } from '../system/system.ts';
import type { RunKind } from './outcome.ts';

/** What a run was, for whoever must finish it. */
export interface RunRecord {
  readonly id: string;
  readonly kind: RunKind;
  readonly taker: string;
  readonly startedAt: string;
}

/** What one run owes to scripts and applications; survives a reboot, unlike a freeze. */
export interface Owed {
  readonly bootId: string;
  readonly run: RunRecord;
  /** By phase: what `leave` needs in another process. */
  readonly phases: Readonly<Record<string, unknown>>;
}

/** Several runs only when one could not be left yet: it must not be forgotten for the next one. */
interface OwedFile {
  readonly schema: 1;
  readonly runs: readonly Owed[];
}

export const owedPath = (system: System): string => join(PATHS[system.platform].state, 'owed.json');

/**
 * The lasting record. Each change is on disk (fsync) before the call returns, and calls come before the effect that
 * they announce. Never called while file systems are frozen.
 */
export class Journal {
  readonly #system: System;
  readonly #others: readonly Owed[];
  #owed: Owed;

  private constructor(system: System, owed: Owed, others: readonly Owed[]) {
    this.#system = system;
    this.#owed = owed;
    this.#others = others;
  }

  static async begin(system: System, bootId: string, run: RunRecord): Promise<Journal> {
    await faultPoint('owed.folder.before');
    await system.makeDir(PATHS[system.platform].state, 0o700);
    await faultPoint('owed.folder.after');
    const journal = new Journal(system, { bootId, run, phases: {} }, await readOwed(system));
    try {
      await journal.#write([journal.#owed]);
    } catch (error) {
      // It may be there all the same, if the disk failed after the rename: nothing is owed for a run that never was.
      await journal.end().catch(() => undefined);
      throw error;
    }
    return journal;
  }

  /** Takes over the record that a dead process left. */
  static async resume(system: System, owed: Owed): Promise<Journal> {
    const others = (await readOwed(system)).filter(({ run }) => run.id !== owed.run.id);
    return new Journal(system, owed, others);
  }

  get owed(): Owed {
    return this.#owed;
  }

  /** `undefined`: nothing is owed for this phase any more. */
  async owe(phase: string, what: unknown): Promise<void> {
    const { [phase]: _, ...others } = this.#owed.phases;
    this.#owed = { ...this.#owed, phases: what === undefined ? others : { ...others, [phase]: what } };
    await this.#write([this.#owed]);
  }

  /** The run has come to its end; what is still owed stays on record. */
  async end(): Promise<void> {
    await this.#write(Object.keys(this.#owed.phases).length === 0 ? [] : [this.#owed]);
  }

  async #write(mine: readonly Owed[]): Promise<void> {
    const file: OwedFile = { schema: 1, runs: [...this.#others, ...mine] };
    const path = owedPath(this.#system);
    try {
      await faultPoint('owed.write.before');
      if (file.runs.length === 0) await this.#system.remove(path);
      else await this.#system.write(path, `${JSON.stringify(file, undefined, 2)}\n`, { mode: 0o600 });
      await faultPoint('owed.write.after');
    } catch (cause) {
      throw new UserError('journal.unwritable', `${path} cannot be written: ${messageOf(cause)}`, {
        remedy: `Without this record nothing is begun that a crash could leave behind. Make room, or look at: df ${path}`,
        cause,
      });
    }
  }
}

/** What runs owe that are over, oldest first. A broken record is an error, never ignored: something may be held. */
export async function readOwed(system: System): Promise<readonly Owed[]> {
  try {
    const text = await system.readText(owedPath(system));
    if (text === undefined) return [];
    const { runs } = parseJson(text) as OwedFile;
    if (!Array.isArray(runs) || !runs.every(isOwed)) throw new Error('it is not a list of runs');
    return runs;
  } catch (cause) {
    throw new UserError('journal.broken', `${owedPath(system)} cannot be read: ${messageOf(cause)}`, {
      remedy: 'It says which post scripts and applications are still owed. Look at it, see to them, then remove it.',
      cause,
    });
  }
}

const isOwed = (value: unknown): value is Owed =>
  isObject(value) &&
  isObject(value.run) &&
  ['id', 'kind', 'taker', 'startedAt'].every(
    (key) => typeof (value.run as Record<string, unknown>)[key] === 'string',
  ) &&
  isObject(value.phases) &&
  !Array.isArray(value.phases);

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
