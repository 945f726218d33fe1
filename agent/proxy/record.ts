import { join } from 'node:path';
import { type ChangeRecord, type Done, shortened } from '../system/change-record.ts';
import { PATHS } from '../system/paths.ts';
import { composed, type Step } from '../system/steps.ts';
import type { System } from '../system/system.ts';
import type { ProxyRequest } from './plan.ts';

/** Where it is kept what `proxy` has changed, and what stood there before. */
export const recordFolder = ({ platform }: Pick<System, 'platform'>): string => join(PATHS[platform].state, 'proxy');

/** The record with what was done now. The same wanted again, and a clear, are undone with what they follow. */
export function doneAfter(
  { done }: ChangeRecord,
  request: ProxyRequest,
  steps: readonly Step[],
  now: Date,
): readonly Done[] {
  if (request.do === 'undo') return done.slice(0, -1);
  const wanted = request.do === 'clear' ? 'nothing' : JSON.stringify(request.wanted);
  const last = done.at(-1);
  const follows = last !== undefined && (request.do === 'clear' || last.wanted === wanted);
  if (!follows) return shortened([...done, { at: now.toISOString(), wanted, steps }]);
  const joined = composed(last.steps, steps);
  return [...done.slice(0, -1), ...(joined.length === 0 ? [] : [{ ...last, steps: joined }])];
}
