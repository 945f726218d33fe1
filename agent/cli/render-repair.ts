import type { Finding } from '../checks/check.ts';
import type { RepairChange } from '../repair/change.ts';
import type { Repair } from '../repair/repair.ts';
import type { Note } from '../system/transaction.ts';
import type { CommandContext } from './context.ts';
import { renderFindings } from './render-report.ts';
import { renderNotes, renderRuns, renderSteps, stepJson } from './render-steps.ts';
import { hang, wrap, wrapIndented } from './wrap.ts';

/** A repair, and whether it has something to do here. */
export interface ListedRepair {
  readonly repair: Repair;
  readonly needed: boolean;
}

/** `docs/schema/repairs.schema.json` */
export const repairsJson = (listed: readonly ListedRepair[], notes: readonly Note[]) => ({
  schema: 1,
  repairs: listed.map(({ repair: { id, check, title, risk, safe }, needed }) => ({
    id,
    check,
    title,
    risk,
    safe,
    needed,
  })),
  notes,
});

/** What could be mended here first. */
export function renderRepairs(listed: readonly ListedRepair[], notes: readonly Note[], width: number): string {
  const of = (needed: boolean) => listed.filter((each) => each.needed === needed);
  const lines = [
    of(true).length === 0 ? 'Nothing here is to be repaired.' : 'To be repaired here, each by its name:',
    ...of(true).flatMap(({ repair: { id, title, risk, safe } }) => [
      '',
      `  ${id}${safe ? ' (also by --all-safe)' : ''}`,
      ...wrapIndented(`${title}.`, 6, width),
      ...wrapIndented(`Risk: ${risk}`, 6, width),
    ]),
    '',
    ...wrap(
      `In order: ${
        of(false)
          .map(({ repair }) => repair.id)
          .join(', ') || 'none'
      }.`,
      width,
    ),
    ...renderNotes(notes, width),
  ];
  return `${lines.join('\n')}\n`;
}

/** A change of `repair`, as `docs/schema/repair.schema.json` says. */
export const repairJson = (
  request: string,
  applied: boolean,
  { repairs, steps, runs, notes }: RepairChange,
  after: readonly Finding[],
) => ({
  schema: 1,
  request,
  applied,
  repairs: repairs.map(({ id, risk }) => ({ id, risk })),
  files: steps.map(stepJson),
  run: runs.map(({ argv }) => argv),
  notes,
  after: after.map(({ id, verdict, detail }) => ({ id, verdict, detail })),
});

export function renderRepair(
  applied: boolean,
  { repairs, steps, runs, notes }: RepairChange,
  after: readonly Finding[],
  { width, colour }: Pick<CommandContext, 'width' | 'colour'>,
): string {
  const changed = steps.length + runs.length > 0;
  const risks = applied ? [] : repairs.flatMap(({ id, risk }) => hang('', `Risk of ${id}: ${risk}`, width));
  const lines = [
    ...(!changed && notes.length === 0 ? ['Nothing to do: it is as it should be.'] : []),
    ...(applied && changed ? ['Done:'] : []),
    ...renderSteps(applied, steps, width),
    ...renderRuns(applied, runs, width),
    ...(risks.length === 0 ? [] : ['', ...risks]),
    ...renderNotes(notes, width),
    ...(after.length === 0 ? [] : ['', 'Looked at again:', ...renderFindings(after, { width, colour, verbose: true })]),
  ];
  return `${lines.join('\n')}\n`;
}
