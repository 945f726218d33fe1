import { shownLine } from '../proxy/shown.ts';
import type { RunChange } from '../system/changes.ts';
import type { State, Step } from '../system/steps.ts';
import type { Note } from '../system/transaction.ts';
import { unifiedDiff } from './unified-diff.ts';
import { hang, visible } from './wrap.ts';

const DONE = {
  make: 'made',
  edit: 'changed',
  remove: 'removed',
  'make-folder': 'made the folder',
  'remove-folder': 'removed the folder',
} as const;
const WOULD = {
  make: 'make',
  edit: 'change',
  remove: 'remove',
  'make-folder': 'make the folder',
  'remove-folder': 'remove the folder',
} as const;

/** What was changed, or as `diff -u` what would be; passwords are left out. */
export const renderSteps = (applied: boolean, steps: readonly Step[], width: number): readonly string[] =>
  applied
    ? steps.flatMap((step) => hang('  · ', `${DONE[kindOf(step)]} ${step.path}`, width))
    : steps.flatMap((step) => (diffOf(step).length > 0 ? diffOf(step) : [`${WOULD[kindOf(step)]} ${step.path}`]));

export const renderRuns = (applied: boolean, runs: readonly RunChange[], width: number): readonly string[] =>
  runs.flatMap(({ argv }) => hang('  · ', `${applied ? 'ran' : 'then run'} ${argv.join(' ')}`, width));

export const renderNotes = (notes: readonly Note[], width: number): readonly string[] =>
  notes.flatMap(({ message, remedy }) => [
    '',
    ...hang('', message, width),
    ...(remedy === undefined ? [] : hang('  → ', remedy, width)),
  ]);

export const stepJson = (step: Step) => ({
  path: step.path,
  change: kindOf(step),
  diff: diffOf(step).join('\n'),
});

function kindOf({ before, after }: Step): keyof typeof DONE {
  if ((before ?? after)?.kind === 'folder') return after === undefined ? 'remove-folder' : 'make-folder';
  if (before === undefined) return 'make';
  return after === undefined ? 'remove' : 'edit';
}

/** Kept as bytes, shown as text: what is not UTF-8 is not worth a riddle here. */
const diffOf = ({ path, before, after }: Step): readonly string[] =>
  unifiedDiff(path, textOf(before), textOf(after)).map((line) => visible(shownLine(line)));

function textOf(state: State | undefined): string | undefined {
  if (state?.kind === 'value') return `${state.value.type} ${state.value.data}\n`;
  return state?.kind === 'file' ? Buffer.from(state.text, 'latin1').toString('utf8') : undefined;
}
