import { usageError } from '../../errors.ts';
import { readHistory } from '../../snapshot/history.ts';
import type { Command } from '../context.ts';
import { outcomeLine } from '../render-outcome.ts';

const DEFAULT_LAST = 20;

export const history: Command = async ({ system, given, json, print }) => {
  const last = Number(given.values.get('last')?.[0] ?? DEFAULT_LAST);
  if (!Number.isInteger(last) || last < 1) throw usageError('--last takes a whole number from 1 on', 'history');
  const outcomes = (await readHistory(system)).slice(-last);
  if (json) print(`${JSON.stringify({ schema: 1, outcomes }, undefined, 2)}\n`);
  else if (outcomes.length === 0) print('Nothing has been taken, held or rehearsed here yet.\n');
  else print(outcomes.map((outcome) => `${outcomeLine(outcome)}\n`).join(''));
  return 0;
};
