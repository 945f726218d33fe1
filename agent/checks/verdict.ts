import type { Finding, Verdict } from './check.ts';

/** The worst of a report: what a person or a monitor needs to know first. */
export type ReportVerdict = 'pass' | 'warn' | 'error' | 'fail';

/** Of `check` and `--health`: DESIGN.md §5. Monitoring plug-ins know 0, 1, 2 and 3 by these meanings. */
export const EXIT_BY_VERDICT: Readonly<Record<ReportVerdict, number>> = { pass: 0, warn: 1, fail: 2, error: 3 };

const WORST_FIRST: readonly ReportVerdict[] = ['fail', 'error', 'warn'];

/** Findings that count: not those explained by another one. */
export const shown = (findings: readonly Finding[]): readonly Finding[] =>
  findings.filter(({ hiddenBy }) => hiddenBy === undefined);

/** A check that broke ranks below a failure and above a warning: it may hide one. */
export const verdictOf = (findings: readonly Finding[]): ReportVerdict =>
  WORST_FIRST.find((worst) => shown(findings).some(({ verdict }) => verdict === worst)) ?? 'pass';

/** 2 if any failed, else 3 if any broke, else 1 if any warned, else 0. */
export const exitCodeOf = (findings: readonly Finding[]): number => EXIT_BY_VERDICT[verdictOf(findings)];

export type Counts = Readonly<Record<Verdict, number>>;

/** How many of each; hidden findings are not counted. */
export function countsOf(findings: readonly Finding[]): Counts {
  const counts: Record<Verdict, number> = { fail: 0, error: 0, warn: 0, info: 0, pass: 0, skip: 0 };
  for (const { verdict } of shown(findings)) counts[verdict] += 1;
  return counts;
}
