import { type ReportVerdict, shown } from '../checks/verdict.ts';
import type { Examination } from '../readiness/examine.ts';

const STATES: Readonly<Record<ReportVerdict, string>> = {
  pass: 'OK',
  warn: 'WARNING',
  fail: 'CRITICAL',
  error: 'UNKNOWN',
};
const PROBLEMS = ['fail', 'error', 'warn'] as const;

/** Longer output is cut off by some of those who run plug-ins. */
const MAX_TEXT = 1000;

/**
 * `STATE - text | performance data`, on one line, as Nagios, Icinga and those after them read it:
 * https://www.monitoring-plugins.org/doc/guidelines.html.
 */
export function renderNagios(examination: Examination): string {
  const { verdict, counts, durationMs, findings, expected } = examination;
  const problems = PROBLEMS.flatMap((wanted) => shown(findings).filter((finding) => finding.verdict === wanted));
  const text =
    problems.length === 0
      ? `${counts.pass} checks passed, expect ${expected.consistency} consistency`
      : problems.map(({ id, detail }) => `${detail} [${id}]`).join('; ');
  const performance = [
    ...(['fail', 'error', 'warn', 'pass', 'skip'] as const).map((each) => `${each}=${counts[each]};;;0`),
    `time=${(durationMs / 1000).toFixed(3)}s;;;0`,
  ];
  return `${STATES[verdict]} - ${plain(text)} | ${performance.join(' ')}\n`;
}

/** A bar would begin the performance data, and a line break the long output. */
const plain = (text: string): string => {
  const line = text.replace(/[\p{Cc}\s]+/gu, ' ').replaceAll('|', '/');
  return line.length <= MAX_TEXT ? line : `${line.slice(0, MAX_TEXT)}…`;
};
