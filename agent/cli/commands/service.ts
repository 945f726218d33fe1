import { UserError, usageError } from '../../errors.ts';
import { healthNow } from '../../readiness/health-now.ts';
import { planInstall, planUninstall, type ServicePlan } from '../../service/plan.ts';
import { readState } from '../../service/state.ts';
import { applyChanges } from '../../system/changes.ts';
import { holderOf } from '../../system/lock.ts';
import { lockPath } from '../../system/run-lock.ts';
import type { System } from '../../system/system.ts';
import type { Command, CommandContext } from '../context.ts';
import { renderChanges } from '../render-changes.ts';
import { renderService } from '../render-service.ts';

export const service: Command = async (context) => {
  const { given, system, self } = context;
  const [verb] = given.words;
  if (system.platform === 'windows') return (await import('./service-windows.ts')).windowsService(context);
  if (verb === 'start' || verb === 'stop') throw bySystemd(verb);
  const onDemand = given.switches.has('on-demand');
  if (given.switches.has('no-start')) throw usageError('--no-start is for service install on Windows', 'service');
  if (onDemand && verb !== 'install') throw usageError('--on-demand is for service install', 'service');
  if (verb === 'status') return status(context);
  if (verb === 'uninstall') return carryOut(context, await planUninstall(system));
  const plan = await planInstall(system, self, onDemand ? 'on-demand' : 'resident');
  // To switch stops the service; uninstall may, since whoever asks for it wants it gone.
  if (!given.switches.has('dry-run') && plan.changes.length > 0) assertNobodyAtWork(system);
  return carryOut(context, plan);
};

const bySystemd = (verb: string): UserError =>
  usageError(`service ${verb} is for Windows; here: systemctl ${verb} quiesced.service`, 'service');

async function carryOut({ given, system, json, print, width }: CommandContext, plan: ServicePlan): Promise<number> {
  const applied = !given.switches.has('dry-run');
  if (applied) await applyChanges(system, plan.changes);
  if (json) print(`${JSON.stringify({ schema: 1, applied, ...plan }, undefined, 2)}\n`);
  else print(renderChanges({ ...plan, applied }, width));
  return 0;
}

function assertNobodyAtWork(system: System): void {
  const holder = holderOf(lockPath(system));
  if (holder === undefined) return;
  throw new UserError('lock.busy', `${holder.command} (process ${holder.pid}, since ${holder.since}) is at work`, {
    remedy: 'Wait until it is done, or look at it with: quiesced status',
  });
}

async function status({ system, json, print, width }: CommandContext): Promise<number> {
  const { exitCode, summary, stale, ageMs } = healthNow(system);
  const now = { ...(await readState(system)), readiness: { exitCode, summary, stale, ageMs } };
  print(json ? `${JSON.stringify({ schema: 1, ...now }, undefined, 2)}\n` : renderService(now, width));
  return 0;
}
