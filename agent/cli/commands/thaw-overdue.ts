import { usageError } from '../../errors.ts';
import { bootIdOf, freezeJournalPath } from '../../freezer/linux.ts';
import { type ArmedFreeze, becomesOverdue } from '../../freezer/overdue.ts';
import { createLog } from '../../log.ts';
import { openServiceLog } from '../../system/journald.ts';
import { loadLibc } from '../../system/native.ts';
import { atEaseWithOomKiller } from '../../system/oom.ts';
import type { Command } from '../context.ts';

/**
 * What the third line starts, shortly before the deadline of the freeze that it was armed for. File systems that are
 * owed beyond it are thawed by the record, whoever is alive; what is owed besides only when nobody is.
 */
export const thawOverdue: Command = async ({ system, given, note, agentInAnyCase }) => {
  const freeze = freezeOf(given.words);
  const { sink, drained } = await openServiceLog(system, note);
  const log = createLog('info', sink);
  const agent = await agentInAnyCase(log);
  const bootId = await bootIdOf(system);
  // Once more when it counts; loaded now, when nothing waits for it yet.
  await loadLibc();
  if (!(await becomesOverdue(freezeJournalPath(system), bootId, freeze, system.clock))) return 0;

  const { thawed, faults } = await agent.thawOwed();
  for (const mountPoint of thawed) {
    log.warn('was frozen beyond its deadline, and nobody thawed it; thawed', {
      event: 'thawed-by-deadline',
      mountPoint,
    });
  }
  atEaseWithOomKiller();
  const later = await agent.recoverUnlessBusy('quiesced thaw-overdue');
  const left = later?.faults ?? faults;
  for (const { message, remedy } of left) log.error(message, { remedy });
  await drained();
  return left.length === 0 ? 0 : 1;
};

function freezeOf(words: readonly string[]): ArmedFreeze {
  const [sinceMs, deadlineMs] = words.map(Number);
  if (sinceMs !== undefined && deadlineMs !== undefined && sinceMs >= 0 && deadlineMs > 0) {
    return { sinceMs, deadlineMs };
  }
  throw usageError('thaw-overdue needs to know for which freeze: use quiesced thaw', 'thaw');
}
