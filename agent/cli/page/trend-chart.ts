import { type Overview, type RunStory, stallOf } from '../../readiness/overview.ts';
import { trendInWords } from '../render-overview.ts';
import { type Content, html, type Markup } from './html.ts';
import { counted, durationOf, shortMomentOf } from './words.ts';

const RUNS = 60;
const WIDE = 1000;
const HIGH = 100;
/** A bar that is barely there is still a run. */
const LEAST = 1.5;
/** Of a place, so that a few runs do not look like a wall. */
const BROADEST = 40;

/** The longest stall of each of the last runs that froze anything, and what is usual. */
export function trendChart({ runs = [], trends }: Overview): Content {
  const stalled = runs.filter((run) => stallOf(run) !== undefined).slice(-RUNS);
  const [first, last] = [stalled[0], stalled.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const faulty = stalled.filter(({ outcome }) => outcome.faults.length > 0).length;
  const topMs = niceAbove(Math.max(...stalled.map((run) => stallOf(run) ?? 0)));
  return html`<figure class="trend">
<figcaption><b>How long writers had to wait</b> <span class="aside">longest stall of each run</span></figcaption>
<div class="plot"><div class="scale" aria-hidden="true"><span>${durationOf(topMs)}</span><span>${durationOf(topMs / 2)}</span><span>0</span></div>
<svg viewBox="0 0 ${WIDE} ${HIGH}" preserveAspectRatio="none" role="img" aria-label="${counted(stalled.length, 'run')}: ${trends.map(trendInWords).join('; ')}">
<path class="grid" d="M0 .5H${WIDE}M0 50H${WIDE}M0 99.5H${WIDE}"/>
${stalled.map((run, at) => bar(run, at, stalled.length, topMs))}</svg></div>
<div class="ends" aria-hidden="true"><span>${shortMomentOf(first.outcome.startedAt)}</span><span>${stalled.length === 1 ? undefined : shortMomentOf(last.outcome.startedAt)}</span></div>
<ul class="legend">${trends.map((trend) => html`<li><span class="swatch ${trend.kind}" aria-hidden="true"></span>${trendInWords(trend)}</li>`)}${faulty === 0 ? undefined : html`<li><span class="swatch faulty" aria-hidden="true"></span>${counted(faulty, 'run')} with faults</li>`}</ul>
</figure>`;
}

function bar(run: RunStory, at: number, count: number, topMs: number): Markup {
  const { kind, startedAt, faults } = run.outcome;
  const ms = stallOf(run) ?? 0;
  const place = WIDE / count;
  const width = Math.min(place * 0.72, BROADEST);
  const height = Math.max(LEAST, (HIGH * ms) / topMs);
  return html`<rect class="${kind}${faults.length > 0 ? ' faulty' : undefined}" x="${(place * at + (place - width) / 2).toFixed(1)}" y="${(HIGH - height).toFixed(1)}" width="${width.toFixed(1)}" height="${height.toFixed(1)}"><title>${shortMomentOf(startedAt)} ${kind}: ${durationOf(ms)}</title></rect>`;
}

/** 1, 2 or 5 with zeros, not below the longest. */
function niceAbove(ms: number): number {
  const unit = 10 ** Math.floor(Math.log10(Math.max(ms, 0.1)));
  return ([1, 2, 5, 10].find((factor) => factor * unit >= ms) ?? 10) * unit;
}
