import type { Verdict } from '../../checks/check.ts';
import { type Overview, type RunStory, stallOf } from '../../readiness/overview.ts';
import type { Track } from '../../readiness/run-figures.ts';
import type { Outcome } from '../../snapshot/outcome.ts';
import { tellLeft } from '../render-left.ts';
import { capital, LEVEL_NAMES, notFrozen } from '../render-outcome.ts';
import { commandOf } from './findings.ts';
import { type Content, html, type Markup } from './html.ts';
import { mark, VERDICT_NAMES } from './marks.ts';
import { endOf, trackTable } from './tracks.ts';
import { trendChart } from './trend-chart.ts';
import { counted, durationOf, momentOf, shortMomentOf } from './words.ts';

/** So many runs are told with their timelines; JSON has all of them. */
const TOLD = 12;
/** Of a run's file systems, so many have a line of their own. */
const MOUNTS = 12;

/** What was really done here, the newest first: how it went, and for how long anything had to wait. */
export function runsSection(overview: Overview): Markup {
  const { runs, whyNoRuns } = overview;
  return html`<section class="runs" aria-labelledby="runs">
<h2 id="runs">Snapshots and rehearsals</h2>
${runs === undefined ? html`<p>They cannot be told: ${whyNoRuns}.</p>` : (nothing(runs) ?? [trendChart(overview), list(runs)])}
</section>`;
}

const nothing = (runs: readonly RunStory[]): Content =>
  runs.length > 0
    ? undefined
    : html`<p>Nothing has been taken, held or rehearsed here yet. A rehearsal shows for how long applications would wait; it takes no snapshot, and shows its plan first:</p>${commandOf('quiesced rehearse')}`;

function list(runs: readonly RunStory[]): Markup {
  const newest = runs.slice(-TOLD).toReversed();
  const older = runs.length - newest.length;
  return html`<div class="heads" aria-hidden="true"><span>When, UTC</span><span>What</span><span>Worth</span><span>Longest stall</span></div>
<ol class="list">${newest.map((run, at) => html`<li><details${at === 0 ? html` open` : undefined}>${summaryOf(run)}${story(run)}</details></li>`)}</ol>
${older === 0 ? undefined : html`<p class="aside">${counted(older, 'older run')}: quiesced report --json has them.</p>`}`;
}

function summaryOf(run: RunStory): Markup {
  const { outcome } = run;
  const stallMs = stallOf(run);
  const verdict = verdictOf(outcome);
  return html`<summary>${mark(verdict)}<span class="heard">${VERDICT_NAMES[verdict]}: </span><span class="run-when">${shortMomentOf(outcome.startedAt)}</span><span class="run-kind">${capital(outcome.kind)}</span><span class="run-worth">${worthOf(outcome)}</span><span class="run-stall">${stallMs === undefined ? 'froze nothing' : durationOf(stallMs)}</span></summary>`;
}

/** Something that went wrong need not have cost anything; that nothing came of it did. */
const verdictOf = ({ faults, warnings, consistency, wouldBe }: Outcome): Verdict => {
  if ((wouldBe ?? consistency) === 'none') return 'fail';
  return faults.length + warnings.length > 0 ? 'warn' : 'pass';
};

/** A hold that lasted is a snapshot of somebody else's, one that did not is worth nothing. */
function worthOf({ consistency, wouldBe }: Outcome): string {
  const level = LEVEL_NAMES[wouldBe ?? consistency] ?? consistency;
  return wouldBe === undefined ? level : `would be ${level}`;
}

function story(run: RunStory): Markup {
  const { outcome, phases, mounts } = run;
  const { startedAt, tookMs, reason, faults, warnings, left, taker } = outcome;
  // What was flushed beforehand kept nobody waiting.
  const shown = mounts
    .slice(0, MOUNTS)
    .map(({ name, spans }) => ({ name, spans: spans.filter(({ what }) => what !== 'flush') }));
  const rest = mounts.length - shown.length;
  const stallMs = (track: Track) => mounts.find(({ name }) => name === track.name)?.stallMs;
  return html`<div class="story">
<p>${capital(reason)}. <span class="aside">${momentOf(startedAt)}, by ${taker}${Number.isFinite(tookMs) ? `, ${durationOf(tookMs)} in all` : undefined}.</span></p>
${faults.map(({ phase, message, remedy }) => html`<p class="what fail">${mark('fail')}<span><b>${phase}</b>: ${message}${remedy === undefined ? undefined : html` <span class="aside">${remedy}</span>`}</span></p>`)}
${warnings.map((warning) => html`<p class="what warn">${mark('warn')}<span>${warning}</span></p>`)}
<div class="figures">${trackTable({ caption: 'The whole run', tracks: phases, took: wholeOf })}
${trackTable({
  caption: 'While frozen, longest stall first',
  tracks: shown,
  took: (track) => (stallMs(track) === undefined ? 'not frozen' : durationOf(stallMs(track) ?? 0)),
  ...(rest === 0 ? {} : { rest: `and ${counted(rest, 'other')}, each shorter` }),
})}</div>
${mounts.length === 0 ? undefined : html`<p class="key">Thick: at work, entering and leaving. Thin: held, or frozen.</p>`}
${left.length === 0 ? undefined : html`<details class="folded"><summary><span>${counted(left.length, 'file system')} not frozen</span></summary><ul>${tellLeft(left, notFrozen).map((line) => html`<li>${line}</li>`)}</ul></details>`}
</div>`;
}

const wholeOf = ({ spans }: Track): string =>
  durationOf(spans.length === 0 ? 0 : Math.max(...spans.map(endOf)) - (spans[0]?.atMs ?? 0));
