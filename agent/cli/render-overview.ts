import type { Overview, Trend } from '../readiness/overview.ts';
import { durationOf } from './page/words.ts';
import { outcomeLine } from './render-outcome.ts';
import { type RenderOptions, renderReport } from './render-report.ts';
import { wrap } from './wrap.ts';

const RUNS = 5;

/** The report for a terminal: the last runs first, so that the verdict stays the last thing on the screen. */
export function renderOverview(overview: Overview, options: Omit<RenderOptions, 'verbose'>): string {
  return [
    'Last runs',
    ...lastRuns(overview).map((line) => `  ${line}`),
    ...overview.trends.flatMap((trend) => wrap(trendInWords(trend), options.width - 2).map((line) => `  ${line}`)),
    '',
    renderReport(overview.readiness, { ...options, verbose: false }),
  ].join('\n');
}

const lastRuns = ({ runs, whyNoRuns }: Overview): readonly string[] => {
  if (runs === undefined) return [`cannot be told: ${whyNoRuns}`];
  if (runs.length === 0) return ['none yet'];
  return runs.slice(-RUNS).map(({ outcome }) => outcomeLine(outcome));
};

/** More than this above what is usual is worth a word; below, it is noise. */
const MUCH = 2;

/** `14 rehearsals: writers waited for 212 ms as a rule, 1.3 s at most, 240 ms last` */
export function trendInWords({ kind, runs, medianMs, longestMs, lastMs }: Trend): string {
  if (runs === 1) return `1 ${kind}: ${durationOf(lastMs)}`;
  const usual = lastMs > MUCH * medianMs ? ', longer than usual' : '';
  return `${runs} ${kind}s: ${durationOf(medianMs)} as a rule, ${durationOf(longestMs)} at most, ${durationOf(lastMs)} last${usual}`;
}
