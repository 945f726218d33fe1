import { readOwed } from '../scripts/owed.ts';
import { parseJson } from '../system/json.ts';
import { objectsIn } from '../system/json-lines.ts';
import { holderOf } from '../system/lock.ts';
import { holdersOf } from '../system/lock-holders.ts';
import { PATH_STYLE, PATHS } from '../system/paths.ts';
import { readableText } from '../system/readable.ts';
import { lockPath } from '../system/run-lock.ts';
import type { Platform, System } from '../system/system.ts';
import { SCRIPTS_ANYWHERE } from './apps-scripts.ts';
import { type Check, fail, info, pass, type Result } from './check.ts';

/** What `owed.json` says, in words: one line a run that must still be left. */
export interface OwedSigns {
  /** Undefined: the record is broken, and nobody knows. */
  readonly owed: readonly string[] | undefined;
  /** A run that is at work owes what it has not come to yet. */
  readonly atWork: boolean;
}

/** A process that died between the scripts leaves an application held; it may show days later only. */
export const nothingIsOwed: Check = {
  ...SCRIPTS_ANYWHERE,
  id: 'app.post-pending',
  title: 'Every application was let go',
  source: "quiesced's own record of what it owes; azure-linux-extensions#1911 shows what a lost post script does",
  async run(system) {
    const path = PATH_STYLE[system.platform].join(PATHS[system.platform].state, 'owed.json');
    const text = await readableText(system, path);
    const atWork = text !== undefined && (await isAtWork(system));
    return judgeOwed({ owed: owedIn(text), atWork }, `${SHOW[system.platform]} ${path}`);
  },
};

const SHOW: Readonly<Record<Platform, string>> = { linux: 'cat', windows: 'type' };

/** Whether a run of ours holds something now: it is not left behind then. Windows has no table of locks to look into. */
export const isAtWork = async (system: System): Promise<boolean> =>
  system.platform === 'windows'
    ? holderOf(lockPath(system)) !== undefined
    : (await holdersOf(system, [`${PATHS.linux.runtime}/lock`])).length > 0;

/** @param show the command that shows the record. */
export function judgeOwed({ owed, atWork }: OwedSigns, show: string): Result {
  if (owed === undefined) {
    return fail(
      'the record of what is owed cannot be read: an application may still be held',
      `Look at owed.json, see to the applications it names, then remove it:\n$ ${show}`,
    );
  }
  if (owed.length === 0) return pass('nothing is owed');
  if (atWork) return info('a run is at work now, and will let go what it holds');
  return fail(owed.join('; '), 'Run what is owed, and look at the application after:\n$ quiesced thaw');
}

/** Undefined when the text is not what `snapshot/journal.ts` writes. */
export function owedIn(text: string | undefined): OwedSigns['owed'] {
  if (text === undefined) return [];
  const runs = record(json(text))?.runs;
  if (!Array.isArray(runs)) return undefined;
  const told = runs.map(toldOf).filter((line) => line !== undefined);
  return told.length < runs.length ? undefined : told.filter((line) => line !== '');
}

/** Empty for a run that owes nothing, undefined for one that cannot be understood. */
function toldOf(owed: unknown): string | undefined {
  const { run, phases } = record(owed) ?? {};
  const { kind, startedAt } = record(run) ?? {};
  const known = record(phases);
  if (known === undefined) return undefined;
  const names = Object.entries(known).flatMap(([phase, what]) => {
    if (what === undefined) return [];
    const scripts = phase === 'prepare' ? readOwed(what).owed.map(({ script }) => script.name) : [];
    if (scripts.length > 0) return [`post ${scripts.length === 1 ? 'script' : 'scripts'} ${scripts.join(', ')}`];
    return [OWED.get(phase) ?? 'applications that are held'];
  });
  if (names.length === 0) return '';
  return `the ${word(kind) ?? 'run'} of ${word(startedAt) ?? 'an unknown time'} still owes: ${names.join(', ')}`;
}

/** By phase; what a taker leaves behind are shadow copies of Windows. */
const OWED: ReadonlyMap<string, string> = new Map([
  ['prepare', 'post scripts'],
  ['take', 'shadow copies that came to nothing'],
]);

const word = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Undefined for whatever is not JSON. */
function json(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

const record = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;

/** The last run of a kind that proves something: a rehearsal, or the real thing. */
export interface ProvenRun {
  readonly kind: 'rehearsal' | 'snapshot';
  readonly startedAtMs: number;
}

/** Those that ended as they should, oldest first; a line that cannot be read, or is of the sandbox, proves nothing. */
export const provenRuns = (history: string): readonly ProvenRun[] =>
  objectsIn(history).flatMap(({ kind, taker, startedAt, faults, consistency, wouldBe }) => {
    const startedAtMs = typeof startedAt === 'string' ? Date.parse(startedAt) : Number.NaN;
    if ((kind !== 'rehearsal' && kind !== 'snapshot') || taker === 'sandbox' || Number.isNaN(startedAtMs)) return [];
    const reached = kind === 'rehearsal' ? wouldBe : consistency;
    const clean = Array.isArray(faults) && faults.length === 0;
    return clean && typeof reached === 'string' && reached !== 'none' ? [{ kind, startedAtMs }] : [];
  });

/** All runs that the history knows; without root it is closed, and empty. */
export const readProvenRuns = async (system: System): Promise<readonly ProvenRun[]> =>
  provenRuns((await readableText(system, `${PATHS[system.platform].state}/history.jsonl`)) ?? '');
