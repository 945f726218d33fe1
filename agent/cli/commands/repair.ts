import { backupUnderWay } from '../../backup-under-way.ts';
import { allChecks } from '../../checks/all.ts';
import type { Finding } from '../../checks/check.ts';
import { runChecks } from '../../checks/run.ts';
import { nearest } from '../../config/nearest.ts';
import { EXIT, UserError, usageError } from '../../errors.ts';
import { repairsOf } from '../../repair/all.ts';
import {
  carryOutRepair,
  planRepair,
  type RepairChange,
  type RepairParts,
  type RepairRequest,
  settleRepairs,
} from '../../repair/change.ts';
import type { Repair } from '../../repair/repair.ts';
import { gatherFacts } from '../../system/facts.ts';
import type { Command, CommandContext } from '../context.ts';
import { renderRepair, renderRepairs, repairJson, repairsJson } from '../render-repair.ts';

export const repair: Command = async (context) => {
  const { system, given, self } = context;
  const facts = await gatherFacts(system);
  const parts: RepairParts = { system, facts, self, backupUnderWay: () => backupUnderWay(system) };
  const request = requestOf(context);
  if (request === undefined) return list(context, parts);
  const dryRun = given.switches.has('dry-run');
  const change = await (dryRun ? preview(parts, request) : carryOut(context, parts, request));
  const after = dryRun || request.do === 'undo' ? [] : await lookAgain(parts, change.repairs);
  if (context.json) print(context, repairJson(request.do, !dryRun, change, after));
  else context.print(renderRepair(!dryRun, change, after, context));
  return after.some(({ verdict }) => ['fail', 'warn', 'error'].includes(verdict)) ? EXIT.failed : EXIT.done;
};

/** Undefined where nothing is asked for: then the repairs are listed. */
function requestOf({ given, system }: CommandContext): RepairRequest | undefined {
  const { words, switches } = given;
  const [first] = words;
  const force = switches.has('force');
  if (first === 'undo') {
    if (words.length > 1 || switches.has('all-safe')) throw usageError('repair undo takes no further word', 'repair');
    return { do: 'undo', force };
  }
  if (force) throw usageError('--force is for repair undo alone', 'repair');
  const known = repairsOf(system.platform);
  const wanted = new Set(words.map((id) => repairNamed(id, known)));
  if (switches.has('all-safe')) for (const each of known) if (each.safe) wanted.add(each);
  if (wanted.size > 0) return { do: 'repair', repairs: known.filter((each) => wanted.has(each)) };
  if (switches.has('dry-run')) throw usageError('--dry-run needs an ID, --all-safe or undo', 'repair');
  return undefined;
}

function repairNamed(id: string, known: readonly Repair[]): Repair {
  const found = known.find((each) => each.id === id);
  if (found !== undefined) return found;
  const near = nearest(id, [...known.map((each) => each.id), 'undo']);
  throw usageError(
    `there is no repair ${JSON.stringify(id)}${near === undefined ? '' : `; did you mean ${near}?`}`,
    'repair',
  );
}

/** Each with whether it has something to do here. */
async function list(context: CommandContext, parts: RepairParts): Promise<number> {
  const notes = await settleRepairs(parts, 'quiesced repair');
  const listed = await Promise.all(
    repairsOf(parts.system.platform).map(async (each) => ({ repair: each, needed: await isNeeded(parts, each) })),
  );
  if (context.json) print(context, repairsJson(listed, notes));
  else context.print(renderRepairs(listed, notes, context.width));
  return EXIT.done;
}

async function isNeeded(parts: RepairParts, each: Repair): Promise<boolean> {
  try {
    const { changes, runs, notes } = await each.plan(parts.system, parts);
    return changes.length + runs.length + notes.length > 0;
  } catch (error) {
    if (error instanceof UserError) return true;
    throw error;
  }
}

async function preview(parts: RepairParts, request: RepairRequest): Promise<RepairChange> {
  const settled = await settleRepairs(parts, 'quiesced repair --dry-run');
  const change = await planRepair(parts, request);
  return { ...change, notes: [...settled, ...change.notes] };
}

const carryOut = (context: CommandContext, parts: RepairParts, request: RepairRequest): Promise<RepairChange> =>
  carryOutRepair(parts, request, ({ runs }) => {
    for (const { argv } of runs) context.note(`quiesced: will run ${argv.join(' ')}\n`);
  });

/** As strictly as who asks for the group `restore`. */
async function lookAgain({ system }: RepairParts, done: readonly Repair[]): Promise<readonly Finding[]> {
  const ids = done.map(({ check }) => check);
  const checks = allChecks.filter(({ id }) => ids.includes(id));
  return checks.length === 0 ? [] : runChecks(system, checks, { restoringTo: 'azure' });
}

const print = (context: CommandContext, value: unknown): void =>
  context.print(`${JSON.stringify(value, undefined, 2)}\n`);
