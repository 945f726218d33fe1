import type { Check, Finding } from '../../checks/check.ts';
import { nearest } from '../../config/nearest.ts';
import type { Agent } from '../../daemon.ts';
import { UserError, usageError } from '../../errors.ts';
import type { Examination, ExamineRequest } from '../../readiness/examine.ts';
import { prometheusText } from '../../reporters/prometheus.ts';
import type { Told } from '../../reporters/reporter.ts';
import { statusPath } from '../../reporters/status-file.ts';
import { chosenChecks } from '../choose-checks.ts';
import type { Command, CommandContext } from '../context.ts';
import { checksJson, renderChecks } from '../render-checks.ts';
import { renderNagios } from '../render-nagios.ts';
import { renderReport } from '../render-report.ts';
import { FORMATS, type Format } from '../table.ts';

export const check: Command = async (context) => {
  const { system, given, print } = context;
  const format = formatOf(context);
  const root = given.values.get('root')?.[0];
  if (root !== undefined) return (await import('./check-disk.ts')).checkDisk(context, root, format);
  const { checks, all } = chosenChecks(given.values, system.platform);
  if (given.switches.has('list')) {
    print(format === 'json' ? checksJson(checks) : renderChecks(checks));
    return 0;
  }
  const { agent, ...fault } = await examiningAgent(context);
  const examination = await withProgress(context, checks, (onFinding) =>
    agent.examine({ checks, onFinding, restoringTo: restoringTo(context), ...fault }),
  );
  const told = await agent.told(examination);
  print(RENDER[format](context, examination, told));
  // A part of the checks must not pass for all of them.
  if (all) await leaveBehind(context, agent, told);
  return examination.exitCode;
};

/** Who asks for this group alone means to go there; in a whole report it is one question among many. */
const restoringTo = ({ given }: CommandContext): ExamineRequest['restoringTo'] =>
  (given.values.get('group') ?? []).some((names) => names.split(',').includes('restore')) ? 'azure' : undefined;

const RENDER: Readonly<Record<Format, (context: CommandContext, examination: Examination, told: Told) => string>> = {
  text: ({ width, colour, given }, examination) =>
    renderReport(examination, { width, colour, verbose: given.switches.has('verbose') }),
  json: (_, examination) => `${JSON.stringify(examination, undefined, 2)}\n`,
  nagios: (_, examination) => renderNagios(examination),
  prometheus: (_context, _examination, told) => prometheusText(told),
};

function formatOf({ given, json }: CommandContext): Format {
  const name = given.values.get('format')?.[0];
  if (name === undefined) return json ? 'json' : 'text';
  const format = FORMATS.find((known) => known === name);
  if (format === undefined) {
    const near = nearest(name, FORMATS);
    throw usageError(`there is no format ${JSON.stringify(name)}${near ? `; did you mean ${near}?` : ''}`, 'check');
  }
  if (json && format !== 'json') throw usageError(`--json and --format ${format} exclude each other`, 'check');
  return format;
}

/** The checks run with a wrong configuration too; it counts where the worth of a snapshot is told. */
export async function examiningAgent(
  context: CommandContext,
): Promise<{ agent: Agent } & Pick<ExamineRequest, 'configFault'>> {
  try {
    return { agent: await context.agent() };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { agent: await context.agentInAnyCase(), configFault: error };
  }
}

/** `12/48 fs.network …`: how many have answered, and one that is still waited for. */
export async function withProgress<T>(
  { progress }: CommandContext,
  checks: readonly Check[],
  run: (onFinding: (finding: Finding) => void) => Promise<T>,
): Promise<T> {
  const waiting = new Set(checks.map(({ id }) => id));
  const show = () => {
    const [next] = waiting;
    if (next !== undefined) progress(`${checks.length - waiting.size}/${checks.length} ${next} …`);
  };
  show();
  try {
    return await run(({ id }) => {
      waiting.delete(id);
      show();
    });
  } finally {
    progress('');
  }
}

async function leaveBehind({ system, attended, note }: CommandContext, agent: Agent, told: Told): Promise<void> {
  if (system.privileged) await agent.tell(told);
  else if (attended) note(`not written: ${statusPath(system.platform)} needs root\n`);
}
