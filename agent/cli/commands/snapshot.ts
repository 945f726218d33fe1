import type { Command } from '../context.ts';
import { renderOutcome } from '../render-outcome.ts';

export const snapshot: Command = async ({ agent, given, json, print, signal, width }) => {
  const mounts = given.values.get('mount');
  const outcome = await (await agent()).snapshot(given.words, mounts === undefined ? {} : { mounts }, signal);
  print(json ? `${JSON.stringify(outcome, undefined, 2)}\n` : renderOutcome(outcome, width));
  const stillHeld = outcome.faults.some(({ during }) => during === 'leave');
  return outcome.consistency === 'none' || stillHeld ? 1 : 0;
};
