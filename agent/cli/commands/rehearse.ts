import { UserError, usageError } from '../../errors.ts';
import { rehearseInSandbox } from '../../sandbox-rehearsal.ts';
import type { Outcome } from '../../snapshot/outcome.ts';
import { askDaemon, patiently } from '../asking.ts';
import type { Command, CommandContext } from '../context.ts';
import { renderOutcome } from '../render-outcome.ts';
import { renderPlan } from '../render-plan.ts';
import { renderSandbox } from '../render-sandbox.ts';

export const rehearse: Command = (context) =>
  context.given.switches.has('sandbox') ? inSandbox(context) : onThisMachine(context);

async function onThisMachine(context: CommandContext): Promise<number> {
  const { given, print, note, json, width } = context;
  const agent = await context.agent();
  const mounts = given.values.get('mount');
  const wishes = mounts === undefined ? {} : { mounts };
  const plan = await agent.plan(wishes);
  if (!given.switches.has('yes')) {
    note(renderPlan(plan, width));
    if (!(await context.confirm('Do this now?'))) {
      throw new UserError('rehearse.not-confirmed', 'nothing was done: the rehearsal was not confirmed', {
        remedy: 'Confirm it at the terminal, or with: quiesced rehearse --yes',
      });
    }
  }
  const outcome = await patiently(
    context,
    async () =>
      (await askDaemon<Outcome>(context, 'snapshot', { rehearsal: true, ...wishes })) ??
      (await agent.rehearse(plan, wishes, context.signal).ended),
  );
  print(json ? `${JSON.stringify(outcome, undefined, 2)}\n` : renderOutcome(outcome, width));
  return outcome.faults.length === 0 ? 0 : 1;
}

async function inSandbox(context: CommandContext): Promise<number> {
  if (context.given.values.has('mount')) {
    throw usageError('--mount names file systems of the machine, and --sandbox makes its own', 'rehearse');
  }
  const { system, log, self, signal, json, print, note, width } = context;
  if (system.platform === 'windows') {
    throw new UserError('platform', 'rehearse --sandbox is for Linux only: nothing is frozen on Windows', {
      remedy: 'Rehearse on the machine itself, with its scripts: quiesced rehearse',
    });
  }
  const progress = json ? () => undefined : (what: string) => note(`… ${what}\n`);
  const report = await rehearseInSandbox(system, log, self, ['ext4', 'xfs'], progress, signal);
  print(json ? `${JSON.stringify(report, undefined, 2)}\n` : renderSandbox(report, width));
  return report.ok ? 0 : 1;
}
