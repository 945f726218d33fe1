import { type Change, describeChange } from '../system/changes.ts';
import { hang, visible } from './wrap.ts';

export interface ChangesToShow {
  readonly changes: readonly Change[];
  readonly notes: readonly { readonly message: string; readonly remedy?: string }[];
  /** Carried out, or only shown. */
  readonly applied: boolean;
}

/** A plan, or what came of it. What is only shown is shown with the text of its files, since nothing was done yet. */
export function renderChanges({ changes, notes, applied }: ChangesToShow, width: number): string {
  const heading = applied ? 'Done:' : 'Would be done:';
  const steps = changes.flatMap((change) => [
    ...hang('  · ', describeChange(change), width),
    ...(change.do === 'write' && !applied ? quoted(change.text) : []),
  ]);
  const remarks = notes.flatMap(({ message, remedy }) => [
    '',
    ...hang('', message, width),
    ...(remedy === undefined ? [] : hang('  → ', remedy, width)),
  ]);
  const lines = changes.length === 0 ? ['Nothing to do: it is as it should be.'] : [heading, ...steps];
  return `${[...lines, ...remarks].join('\n')}\n`;
}

/** Not folded: a line of a program must stay one. */
const quoted = (text: string): readonly string[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => `      | ${visible(line)}`);
