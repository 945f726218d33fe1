import { join } from 'node:path';
import { objectsIn } from '../system/json-lines.ts';
import { PATHS } from '../system/paths.ts';
import type { System } from '../system/system.ts';
import type { Outcome } from './outcome.ts';

/** About half a megabyte; the file never grows beyond it. */
const KEPT = 100;

const historyPath = (system: System): string => join(PATHS[system.platform].state, 'history.jsonl');

/** The last outcomes, oldest first. A line that cannot be read (disk trouble) is left out, not fatal. */
export async function readHistory(system: System): Promise<readonly Outcome[]> {
  const text = (await system.readText(historyPath(system))) ?? '';
  return objectsIn(text).filter(isOutcome);
}

/**
 * Adds one (a run that was left in two attempts counts once) and forgets the oldest beyond the bound. Replaced
 * atomically: a reader sees all of it.
 */
export async function addToHistory(system: System, outcome: Outcome): Promise<void> {
  await system.makeDir(PATHS[system.platform].state, 0o700);
  const others = (await readHistory(system)).filter(({ id }) => id !== outcome.id);
  const lines = [...others, outcome].slice(-KEPT).map((each) => JSON.stringify(each));
  await system.write(historyPath(system), `${lines.join('\n')}\n`, { mode: 0o600 });
}

/** As far as readers of the history rely on it. */
const isOutcome = (
  outcome: Partial<Record<keyof Outcome, unknown>>,
): outcome is Outcome & Readonly<Record<string, unknown>> => {
  const texts = [outcome.id, outcome.kind, outcome.taker, outcome.startedAt, outcome.consistency, outcome.reason];
  const lists = [outcome.frozen, outcome.left, outcome.warnings, outcome.faults, outcome.timeline];
  return (
    texts.every((text) => typeof text === 'string') &&
    lists.every((list) => Array.isArray(list)) &&
    (outcome.faults as unknown[]).every((fault) => areTexts(fault, ['phase', 'message']) && isText(fault, 'remedy')) &&
    (outcome.left as unknown[]).every((left) => areTexts(left, ['mountPoint', 'type', 'why', 'reason'])) &&
    (outcome.warnings as unknown[]).every((warning) => typeof warning === 'string') &&
    ['wouldBe', 'evidence', 'snapshot'].every((key) => isText(outcome, key)) &&
    typeof outcome.frozenMs === 'number'
  );
};

const areTexts = (value: unknown, keys: readonly string[]): boolean =>
  keys.every((key) => typeof (value as Readonly<Record<string, unknown>> | null)?.[key] === 'string');

/** Or not there. */
const isText = (value: unknown, key: string): boolean =>
  ['undefined', 'string'].includes(typeof (value as Readonly<Record<string, unknown>>)[key]);
