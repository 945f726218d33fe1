import type { SnapshotRequest } from '../../control/protocol.ts';
import type { Outcome } from '../../snapshot/outcome.ts';
import { askDaemon, patiently } from '../asking.ts';
import type { Command, CommandContext } from '../context.ts';
import { renderOutcome } from '../render-outcome.ts';

export const snapshot: Command = async (context) => {
  const { given, json, print, width } = context;
  const outcome = await patiently(context, () => taken(context, given.words));
  print(json ? `${JSON.stringify(outcome, undefined, 2)}\n` : renderOutcome(outcome, width));
  const stillHeld = outcome.faults.some(({ during }) => during === 'leave');
  return outcome.consistency === 'none' || stillHeld ? 1 : 0;
};

async function taken(context: CommandContext, command: readonly string[]): Promise<Outcome> {
  const mounts = context.given.values.get('mount');
  const wishes = mounts === undefined ? {} : { mounts };
  const request: SnapshotRequest = { ...wishes, ...(command.length === 0 ? {} : { command }) };
  const told = await askDaemon<Outcome>(context, 'snapshot', request);
  return told ?? (await (await context.agent()).snapshot(command, wishes, context.signal)).ended;
}
