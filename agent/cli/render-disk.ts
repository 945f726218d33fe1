import type { ReportVerdict } from '../checks/verdict.ts';
import type { Examination } from '../readiness/examine.ts';
import { countsInWords, type RenderOptions, renderFindings } from './render-report.ts';
import { wrap } from './wrap.ts';

const VERDICTS: Readonly<Record<ReportVerdict, string>> = {
  fail: 'It would NOT come up on Azure, or could not be reached there.',
  error: 'NOT SURE: a check broke, so nothing is promised.',
  warn: 'It should come up on Azure, with the warnings above.',
  pass: 'Nothing found that keeps it from coming up on Azure.',
};

/** The report on a disk: as that on a running machine, without what only that can be told of. */
export function renderDisk(root: string, report: Examination, options: RenderOptions): string {
  const { facts, findings, verdict, counts, durationMs } = report;
  const name = facts.distribution?.prettyName ?? 'no system that is known';
  return [
    ...wrap(`The system on ${root}: ${name}`, options.width),
    '',
    ...renderFindings(findings, options),
    VERDICTS[verdict],
    ...wrap(`${countsInWords(counts)}, in ${(durationMs / 1000).toFixed(1)} s.`, options.width),
    '',
  ].join('\n');
}
