import { runGuard } from '../../freezer/guard-process.ts';
import { createLog } from '../../log.ts';
import { runSqliteSession } from '../../quiescers/sqlite-session.ts';
import { runWriter } from '../../sandbox/writer.ts';
import { feed } from '../../system/feeder.ts';
import { openServiceLog } from '../../system/journald.ts';
import { atEaseWithOomKiller } from '../../system/oom.ts';
import type { Command } from '../context.ts';

/** Never returns: the guard ends itself. */
export const guard: Command = async ({ system, self }) => {
  await runGuard(system, [...self, 'recover']);
  return new Promise(() => undefined);
};

/** Started by the guard when the daemon died; holds its lock by an inherited descriptor. */
export const recover: Command = async ({ system, note, agentInAnyCase }) => {
  atEaseWithOomKiller();
  const { sink, drained } = await openServiceLog(system, note);
  const log = createLog('info', sink);
  const { faults } = await (await agentInAnyCase(log)).recover();
  for (const { message, remedy } of faults) log.error(`still owed: ${message}`, { remedy });
  // What is still frozen is not to be written to, and a repair does. Loaded now, when nobody waits for it.
  if (faults.length === 0) await (await import('../../resident/repair.ts')).settleRepair({ system, log }, 'ours');
  await drained();
  return faults.length === 0 ? 0 : 1;
};

/** Ends itself, and its threads, which come through here too, end with it. */
export const sandboxWriter: Command = async ({ given }) => {
  await runWriter(given.words);
  return new Promise(() => undefined);
};

/** What the quiescer of SQLite starts, as the owner of the file. */
export const sqliteSession: Command = async ({ system, given, print }) => {
  await runSqliteSession(system, given.words[0] ?? '', process.stdin, print);
  return 0;
};

/** What stands before every client on Windows. */
export const clientFeeder: Command = async ({ system, given }) => {
  const [lifeMs, ...argv] = given.words;
  return feed(system, argv, Number(lifeMs), process.stdin);
};
