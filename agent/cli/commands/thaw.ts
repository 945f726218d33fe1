import { ask } from '../../control/client.ts';
import { endpointOf } from '../../control/endpoint.ts';
import { messageOf, UserError } from '../../errors.ts';
import type { Outcome } from '../../snapshot/outcome.ts';
import type { Fault } from '../../snapshot/phases.ts';
import type { Command, CommandContext } from '../context.ts';
import { renderOutcome } from '../render-outcome.ts';
import { fold } from '../wrap.ts';
import { wasHeldThroughout } from './release.ts';

/** Whoever holds gives a sign of life before that, or is in no state to. */
const SILENCE_MS = 5000;

/** By whoever holds; where nobody answers, by the records alone. */
export const thaw: Command = async (context) => {
  const outcome = context.given.switches.has('by-records') ? undefined : await askHolder(context);
  if (outcome === undefined) return byRecords(context);
  context.print(context.json ? `${JSON.stringify(outcome, undefined, 2)}\n` : renderOutcome(outcome, context.width));
  return wasHeldThroughout(outcome) ? 0 : 1;
};

async function askHolder({ system, note }: CommandContext): Promise<Outcome | undefined> {
  try {
    return await ask<Outcome>(endpointOf(system), 'release', { silenceMs: SILENCE_MS });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // A daemon that holds nothing; what a dead run left may be frozen all the same.
    if (error.code === 'hold.none') return undefined;
    note(`quiesced: ${error.message}; thawing by the records\n`);
    return undefined;
  }
}

async function byRecords(context: CommandContext): Promise<number> {
  const agent = await context.agentInAnyCase();
  // Thawing first and in any case; what is owed besides only when its owner is gone.
  const now = await agent.thawOwed();
  const later = await agent.recoverUnlessBusy('quiesced thaw').catch(asFault);
  const thawed = [...now.thawed, ...(later?.thawed ?? [])];
  // Whoever recovers has tried all of it once more.
  const all = later === undefined ? now.faults : later.faults;
  if (context.json) context.print(`${JSON.stringify({ schema: 1, thawed, faults: all })}\n`);
  else {
    const lines = [
      ...thawed.map((point) => `Thawed ${point}`),
      ...all.flatMap(({ message, remedy }) => [
        `Not done: ${message}`,
        ...(remedy === undefined ? [] : [`  → ${remedy}`]),
      ]),
    ];
    for (const line of lines.flatMap((each) => fold(each, context.width))) context.print(`${line}\n`);
    if (thawed.length === 0 && all.length === 0) context.print('Nothing of ours is frozen.\n');
  }
  return all.length === 0 ? 0 : 1;
}

/** What was thawed is told all the same. */
const asFault = (error: unknown): { readonly thawed: readonly string[]; readonly faults: readonly Fault[] } => {
  const remedy = error instanceof UserError ? error.remedy : undefined;
  const fault = { phase: 'run' as const, during: 'recover' as const, message: messageOf(error) };
  return { thawed: [], faults: [remedy === undefined ? fault : { ...fault, remedy }] };
};
