import type { AzureCode } from '../checks/azure-codes.ts';
import type { Finding } from '../checks/check.ts';
import { shown } from '../checks/verdict.ts';
import { type RenderOptions, renderFindings } from './render-report.ts';
import { wrap, wrapIndented } from './wrap.ts';

/** An error of Azure Backup, and what of it can be seen on this machine: the JSON of `explain --json`. */
export interface Explanation extends AzureCode {
  readonly schema: 1;
  /** Of the checks that exist here; and of others that explain one of them. */
  readonly findings: readonly Finding[];
  /** Ids of checks that exist on another platform only. */
  readonly notHere: readonly string[];
}

/** Meaning and causes, what was found here, and what to do: the remedy stands last, on the screen. */
export function renderExplanation(explanation: Explanation, options: RenderOptions): string {
  const { codes, meaning, causes, findings, notHere, remedy, source } = explanation;
  const { width } = options;
  const [name, ...aliases] = codes;
  return [
    ...wrap(`${name}: ${meaning}.`, width),
    ...(aliases.length === 0 ? [] : wrapIndented(`Also: ${aliases.join(', ')}`, 2, width)),
    ...(causes.length === 0 ? [] : ['', 'Usual causes that can be seen from inside:', ...bullets(causes, width)]),
    '',
    ...renderLook(findings, options),
    ...(notHere.length === 0 ? [] : [...wrap(`Not to be seen on this machine: ${notHere.join(', ')}.`, width), '']),
    'What to do:',
    ...renderSteps(remedy, width),
    '',
    ...wrap(`Source: ${source}`, width),
    '',
  ].join('\n');
}

const bullets = (lines: readonly string[], width: number): readonly string[] =>
  lines.flatMap((line) => {
    const [first = '', ...rest] = wrapIndented(line, 4, width);
    return [`  - ${first.trimStart()}`, ...rest];
  });

function renderLook(findings: readonly Finding[], options: RenderOptions): readonly string[] {
  const visible = shown(findings);
  if (visible.length === 0) return [];
  const problems = visible.filter(({ verdict }) => verdict === 'fail' || verdict === 'warn').length;
  const told =
    problems === 0
      ? 'Nothing here explains it: the cause is gone, or lies outside of this machine.'
      : `${problems === 1 ? 'One finding' : `${problems} findings`} here may explain it.`;
  // The name of the code stands above already.
  const plain = visible.map(({ explains: _, ...finding }) => finding);
  return ['Looked for here:', ...renderFindings(plain, options), ...wrap(told, options.width), ''];
}

/** A command keeps its line, so that it can be pasted. */
const renderSteps = (remedy: string, width: number): readonly string[] =>
  remedy
    .split('\n')
    .flatMap((line) => (line.startsWith('$ ') ? [`    ${line.slice(2)}`] : wrapIndented(line, 2, width)));

/** One line a code, those that mean the same together. */
export const renderCodes = (codes: readonly AzureCode[], width: number): string =>
  [
    ...codes.flatMap((code) => [...wrap(code.codes.join(', '), width), ...wrapIndented(code.meaning, 4, width)]),
    '',
    'To look for the causes here: quiesced explain CODE',
    '',
  ].join('\n');
