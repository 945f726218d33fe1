import { ask } from '../../control/client.ts';
import { endpointOf } from '../../control/endpoint.ts';
import type { ControlStatus } from '../../control/protocol.ts';
import { readFreezeJournal } from '../../freezer/journal.ts';
import { freezeJournalPath } from '../../freezer/linux.ts';
import { readHistory } from '../../snapshot/history.ts';
import { readOwed } from '../../snapshot/journal.ts';
import { holderOf } from '../../system/lock.ts';
import { lockPath } from '../../system/run-lock.ts';
import type { System } from '../../system/system.ts';
import type { Command } from '../context.ts';
import { renderStatus } from '../render-status.ts';

const SILENCE_MS = 2000;

export const status: Command = async ({ system, json, print, width }) => {
  const now = await look(system);
  print(json ? `${JSON.stringify({ schema: 1, ...now }, undefined, 2)}\n` : renderStatus(now, width));
  return 0;
};

/** What is held, owed and frozen, and how the last run ended: the JSON of `status`. */
export async function look(system: System) {
  const owed = await readOwed(system);
  const told = await ask<ControlStatus>(endpointOf(system), 'status', { silenceMs: SILENCE_MS }).catch(() => undefined);
  return {
    daemon: told?.daemon,
    run: told?.run,
    atWork: holderOf(lockPath(system)),
    frozen: readFreezeJournal(freezeJournalPath(system))?.fileSystems.map(({ mountPoint }) => mountPoint) ?? [],
    owed: owed
      .map(({ run, phases }) => ({ ...run, phases: Object.keys(phases) }))
      .filter(({ phases }) => phases.length > 0),
    last: (await readHistory(system)).at(-1),
  };
}
