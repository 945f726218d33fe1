import { UserError } from '../errors.ts';
import type { ChangeRecord } from '../system/change-record.ts';
import type { FileChange } from '../system/changes.ts';
import { type Step, stepsOf } from '../system/steps.ts';
import type { System } from '../system/system.ts';
import { undoSteps } from '../system/transaction.ts';
import { proxyTargets } from './all.ts';
import type { Note } from './restarts.ts';
import type { ProxySettings } from './settings.ts';
import type { ProxyTarget } from './target.ts';

export type ProxyRequest =
  /** @param packages the configuration of package managers too. */
  | { readonly do: 'apply'; readonly wanted: ProxySettings; readonly packages: boolean }
  | { readonly do: 'clear' }
  /** @param force also where somebody has edited a file since, whose edits are lost then. */
  | { readonly do: 'undo'; readonly force: boolean };

export interface FilePlan {
  readonly steps: readonly Step[];
  readonly notes: readonly Note[];
}

/** What brings every place to what is asked for. Looks only; empty when it is so already. */
export async function planProxy(system: System, request: ProxyRequest, record: ChangeRecord): Promise<FilePlan> {
  if (request.do === 'undo') return planUndo(system, record, request.force);
  const changes: FileChange[] = [];
  for (const target of proxyTargets) {
    if (!target.platforms.includes(system.platform)) continue;
    const wanted = request.do === 'apply' && (await takesPart(system, target, request)) ? request.wanted : undefined;
    changes.push(...(await target.plan(system, wanted)));
  }
  return { steps: await stepsOf(system, changes), notes: [] };
}

/** An optional place that has ours keeps up with the others without being asked for again. */
const takesPart = async (system: System, target: ProxyTarget, { packages }: { packages: boolean }): Promise<boolean> =>
  target.optional === undefined || packages || (await target.plan(system, undefined)).length > 0;

async function planUndo(system: System, record: ChangeRecord, force: boolean): Promise<FilePlan> {
  const back = await undoSteps(system, record);
  if (back === undefined) return { steps: [], notes: [{ message: 'There is nothing to undo.' }] };
  if (back.edited.length > 0 && !force) throw editedSince(back.edited);
  return { steps: back.steps, notes: [] };
}

const editedSince = (paths: readonly string[]): UserError =>
  new UserError('proxy.edited', `edited since quiesced wrote it: ${paths.join(', ')}`, {
    remedy:
      'To take out what is ours and keep the edits: quiesced proxy clear. To lose them: quiesced proxy undo --force, after a look at what it would do, with --dry-run.',
  });
