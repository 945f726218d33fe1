import { resolve } from 'node:path';
import { EXIT, errnoOf, messageOf, UserError, usageError } from '../../errors.ts';
import { type Overview, type OverviewParts, overviewOf } from '../../readiness/overview.ts';
import { readHistory } from '../../snapshot/history.ts';
import type { System } from '../../system/system.ts';
import { chosenChecks } from '../choose-checks.ts';
import type { Command, CommandContext } from '../context.ts';
import { renderPage } from '../page/page.ts';
import { renderOverview } from '../render-overview.ts';
import { versionOf } from '../version.ts';
import { examiningAgent, withProgress } from './check.ts';

export const report: Command = async (context) => {
  const { system, given, json, print } = context;
  const asPage = given.switches.has('html');
  if (asPage && json) throw usageError('--html and --json exclude each other', 'report');
  const out = await outOf(context);
  const overview = await overviewNow(context);
  const text = asPage
    ? renderPage(overview)
    : json
      ? `${JSON.stringify(overview, undefined, 2)}\n`
      : renderOverview(overview, { width: context.width, colour: context.colour && out === undefined });
  if (out === undefined) {
    print(text);
    return EXIT.done;
  }
  await leave(system, overview, out, text);
  return EXIT.done;
};

/** The checks are run anew: who asks for a report wants to know how things are, not how they were at night. */
async function overviewNow(context: CommandContext): Promise<Overview> {
  const { system } = context;
  const { agent, ...fault } = await examiningAgent(context);
  const { checks } = chosenChecks(new Map(), system.platform);
  const readiness = await withProgress(context, checks, (onFinding) => agent.examine({ checks, onFinding, ...fault }));
  const time = system.clock.now().toISOString();
  return overviewOf(readiness, { time, version: versionOf(), history: await historyOf(system) });
}

/** A page without its past is better than none. */
async function historyOf(system: System): Promise<OverviewParts['history']> {
  if (!system.privileged) return { fault: 'the history is for root alone to read' };
  try {
    return await readHistory(system);
  } catch (error) {
    return { fault: messageOf(error) };
  }
}

/** Where it is to stand. Refused before the checks run rather than after, which takes a while. */
async function outOf({ given, system }: CommandContext): Promise<string | undefined> {
  const name = given.values.get('out')?.[0];
  if (name === undefined) return undefined;
  if (name === '') throw usageError('--out needs the name of a file', 'report');
  const path = resolve(name);
  await refuseForeign(system, path);
  return path;
}

/**
 * A link in a folder that others may write to might lead root to overwrite any file; and a file of somebody else's stays
 * his when it is replaced, for him to read.
 */
async function refuseForeign(system: System, path: string): Promise<void> {
  if ((await system.readLink(path)) !== undefined) {
    throw unwritable(path, 'it is a symbolic link', 'Name the file itself.');
  }
  const present = await system.stat(path);
  if (present?.kind === 'directory') throw unwritable(path, 'it is a folder', 'Name a file in it.');
  const us = process.geteuid?.();
  if (present !== undefined && us !== undefined && present.uid !== us)
    throw unwritable(path, `it belongs to uid ${present.uid}`, 'Remove it, or name a file of your own.');
}

/** Whole or not at all. It says what is wrong with the machine: a new file is for its owner alone. */
async function leave(system: System, { readiness }: Overview, path: string, text: string): Promise<void> {
  const frozen = readiness.findings.find(({ id, verdict }) => id === 'fs.already-frozen' && verdict === 'fail');
  if (frozen !== undefined) {
    throw new UserError('report.frozen', `nothing is written while a file system is frozen: ${frozen.detail}`, {
      remedy: 'Thaw it first: quiesced thaw; or print the report instead of --out',
    });
  }
  // While the checks ran, somebody may have put something else there.
  await refuseForeign(system, path);
  try {
    await system.write(path, text, { mode: 0o600 });
  } catch (error) {
    if (error instanceof UserError || errnoOf(error) === undefined) throw error;
    throw unwritable(path, messageOf(error), 'Name a file in a folder that is there, with room on its disk.');
  }
}

const unwritable = (path: string, why: string, remedy: string): UserError =>
  new UserError('report.unwritable', `${path} cannot be written: ${why}`, { remedy });
