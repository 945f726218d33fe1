import { ask } from '../../control/client.ts';
import { endpointOf } from '../../control/endpoint.ts';
import type { HoldStatus } from '../../control/protocol.ts';
import { UserError } from '../../errors.ts';
import { readFreezeJournal } from '../../freezer/journal.ts';
import { freezeJournalPath } from '../../freezer/linux.ts';
import { lockPath } from '../../snapshot/conduct.ts';
import { readHistory } from '../../snapshot/history.ts';
import { readOwed } from '../../snapshot/journal.ts';
import { holderOf } from '../../system/lock.ts';
import type { System } from '../../system/system.ts';
import type { Command } from '../context.ts';
import { outcomeLine } from '../render-outcome.ts';

const ANSWER_MS = 2000;

export const status: Command = async ({ system, json, print }) => {
  if (!system.privileged) {
    throw new UserError('status.not-root', 'what is held and owed is for root to see', { remedy: 'Run it with sudo.' });
  }
  const now = await look(system);
  if (json) {
    print(`${JSON.stringify({ schema: 1, ...now }, undefined, 2)}\n`);
    return 0;
  }
  const { hold, atWork, frozen, owed, last } = now;
  if (hold !== undefined) print(`Held:      since ${hold.since}, until ${hold.until} at the latest\n`);
  else if (atWork !== undefined) print(`At work:   ${atWork.command} (process ${atWork.pid}, since ${atWork.since})\n`);
  else print('At work:   nothing\n');
  print(`Frozen:    ${frozen.join(', ') || 'nothing'}\n`);
  const running = hold !== undefined || atWork !== undefined;
  if (!running) print(`Owed:      ${owed.map((each) => each.phases.join(' and ')).join(', ') || 'nothing'}\n`);
  print(`Last run:  ${last === undefined ? 'none yet' : outcomeLine(last)}\n`);
  if (!running && (frozen.length > 0 || owed.length > 0))
    print('To settle what a run that died has left: quiesced thaw\n');
  return 0;
};

async function look(system: System) {
  const owed = await readOwed(system);
  return {
    hold: await ask<HoldStatus>(endpointOf(system), 'status', ANSWER_MS).catch(() => undefined),
    atWork: holderOf(lockPath(system)),
    frozen: readFreezeJournal(freezeJournalPath(system))?.fileSystems.map(({ mountPoint }) => mountPoint) ?? [],
    owed: owed
      .map(({ run, phases }) => ({ ...run, phases: Object.keys(phases) }))
      .filter(({ phases }) => phases.length > 0),
    last: (await readHistory(system)).at(-1),
  };
}
