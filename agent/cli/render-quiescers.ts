import type { Survey, SurveyedDatabase, SurveyedQuiescer } from '../quiescers/survey.ts';
import { bullet, fold, hang } from './wrap.ts';

export function renderSurvey({ databases, quiescers }: Survey, width: number): string {
  return [
    'Databases that run here',
    ...(databases.length === 0 ? ['  none is known'] : databases.flatMap((each) => ofDatabase(each, width))),
    '',
    'Configured',
    ...(quiescers.length === 0
      ? ['  nothing is held but file systems']
      : quiescers.flatMap((each) => ofQuiescer(each, width))),
    '',
  ].join('\n');
}

function ofDatabase(
  { title, pid, sockets, ports, contained, heldBy, add }: SurveyedDatabase,
  width: number,
): readonly string[] {
  const at = [...sockets, ...ports.map((port) => `port ${port}`)].join(', ');
  const where = `process ${pid}${at === '' ? '' : `, ${at}`}`;
  return [
    ...fold(`${title}: ${where}`, width - 2).map((line) => `  ${line}`),
    ...(heldBy === undefined ? [] : hang('    ', `held by [quiescer ${heldBy}]`, width)),
    ...(contained
      ? hang('    ', 'not held, and cannot be from here: have it done in the container, by a pre script.', width)
      : []),
    ...(add === undefined
      ? []
      : ['    not held; to have it held, add to quiesced.conf:', ...add.map((line) => `      ${line}`)]),
  ];
}

function ofQuiescer({ id, title, detected, error, volumes = [] }: SurveyedQuiescer, width: number): readonly string[] {
  const head = `  [quiescer ${id}]`;
  if (error !== undefined) {
    return [head, ...bullet(`${title} cannot be asked: ${error.message}`, width), ...remedied(error.remedy, width)];
  }
  if (detected === undefined) return [head];
  const { version, how, blocks, missing, stale, longestSeconds = 0 } = detected;
  return [
    head,
    ...hang('    ', `${title} ${version}: ${how}; blocks ${blocks}`.replace(' :', ':'), width),
    ...(longestSeconds > 0 ? hang('    ', `the longest transaction under way: ${longestSeconds} s`, width) : []),
    ...(volumes.length > 1
      ? hang('    ', `on several volumes, which one shadow copy must hold: ${volumes.join(', ')}`, width)
      : []),
    ...missing.flatMap(({ what, remedy }) => [...bullet(`missing: ${what}`, width), ...remedied(remedy, width)]),
    ...stale.flatMap(({ what, remedy }) => [...bullet(`left behind: ${what}`, width), ...remedied(remedy, width)]),
  ];
}

const remedied = (remedy: string | undefined, width: number): readonly string[] =>
  remedy === undefined ? [] : hang('    → ', remedy, width);
