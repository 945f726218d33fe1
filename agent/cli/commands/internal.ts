import { usageError } from '../../errors.ts';
import { runGuard } from '../../freezer/guard-process.ts';
import { runWriter } from '../../sandbox/writer.ts';
import { atEaseWithOomKiller } from '../../system/oom.ts';
import type { Command } from '../context.ts';

/** Never returns: the guard ends itself. */
export const guard: Command = async ({ system, self }) => {
  await runGuard(system, [...self, 'recover']);
  return new Promise(() => undefined);
};

/** Started by the guard when the daemon died; holds its lock by an inherited descriptor. */
export const recover: Command = async ({ agentInAnyCase }) => {
  atEaseWithOomKiller();
  const { faults } = await (await agentInAnyCase()).recover();
  return faults.length === 0 ? 0 : 1;
};

/** The process behind `hold` and `freeze`: says on its output when it holds, or why it does not. */
export const keepHold: Command = async ({ agent, given, print, signal }) => {
  // Whoever started us has read the first line and gone.
  process.stdout.on('error', () => undefined);
  if (given.words[0] === undefined) throw usageError('keep-hold needs its request: use quiesced hold', 'hold');
  const request = JSON.parse(given.words[0]);
  const outcome = await (await agent()).hold(request, (status) => print(`${JSON.stringify(status)}\n`), signal);
  print(`${JSON.stringify(outcome)}\n`);
  return 0;
};

/** Ends itself, and its threads, which come through here too, end with it. */
export const sandboxWriter: Command = async ({ given }) => {
  await runWriter(given.words);
  return new Promise(() => undefined);
};
