import { UserError } from '../../errors.ts';
import { readHistory } from '../../snapshot/history.ts';
import type { Outcome } from '../../snapshot/outcome.ts';
import { askDaemon } from '../asking.ts';
import type { Command } from '../context.ts';
import { renderOutcome } from '../render-outcome.ts';

export const release: Command = async (context) => {
  const { system, json, print, width } = context;
  const outcome = await askDaemon<Outcome>(context, 'release').catch(undefinedForNone);
  if (outcome === undefined) throw await nothingHeld(system);
  print(json ? `${JSON.stringify(outcome, undefined, 2)}\n` : renderOutcome(outcome, width));
  return wasHeldThroughout(outcome) ? 0 : 1;
};

/** A daemon that holds nothing is no other answer than none that does. */
const undefinedForNone = (error: unknown): undefined => {
  if (!(error instanceof UserError && error.code === 'hold.none')) throw error;
};

/** A post script that fails afterwards, or a full disk, is told, but takes nothing from what was held. */
export const wasHeldThroughout = (outcome: Outcome): boolean =>
  outcome.consistency !== 'none' &&
  outcome.faults.every(({ phase, during }) => ['prepare', 'run'].includes(phase) && during === 'leave');

async function nothingHeld(system: Parameters<typeof readHistory>[0]): Promise<UserError> {
  const last = (await readHistory(system)).findLast(({ kind }) => kind === 'hold' || kind === 'freeze');
  const why = last === undefined ? '' : `; the last hold, of ${last.startedAt}, ended by itself: ${last.reason}`;
  return new UserError('hold.none', `nothing is held${why}`, {
    remedy:
      'What was copied in between is not what hold was asked for. Hold again, and longer: quiesced hold --for 30s',
  });
}
