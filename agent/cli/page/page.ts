import { createHash } from 'node:crypto';
import type { Overview } from '../../readiness/overview.ts';
import { VERDICTS } from '../render-report.ts';
import { findingsSection } from './findings.ts';
import { firstSection, restoreSection } from './first.ts';
import { heroSection } from './hero.ts';
import { html, Markup } from './html.ts';
import { runsSection } from './runs.ts';
import { STYLE } from './style.ts';
import { counted, momentOf } from './words.ts';
import { worthSection } from './worth.ts';

/** Nothing may be loaded, run or sent, whatever else is wrong with the page: only this one style counts. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`;

/**
 * One file that needs no other: what is wrong and what to do first, what a snapshot would be worth, everything that was
 * looked at, and what the runs of this machine have shown. It has no script, loads nothing, and prints.
 */
export const renderPage = (overview: Overview): string => `${page(overview)}\n`;

function page(overview: Overview): Markup {
  const { facts, verdict } = overview.readiness;
  const host = facts.hostname ?? 'this machine';
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="quiesced ${overview.version}">
<title>${host}: ${VERDICTS[verdict].name.toLowerCase()} for a backup</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<main>
${heroSection(overview)}
<div class="top">${firstSection(overview)}<div class="side">${worthSection(overview)}${restoreSection(overview)}</div></div>
${findingsSection(overview)}
${runsSection(overview)}
${sources(overview)}
</main>
</body>
</html>`;
}

/** A page is kept and passed on: it says itself when each of its figures is from. */
function sources({ readiness, runs, whyNoRuns, version, time }: Overview): Markup {
  const [oldest] = runs ?? [];
  return html`<footer><dl>
<dt>Checks</dt><dd>all run for this page, begun ${momentOf(readiness.time)}, done in ${(readiness.durationMs / 1000).toFixed(1)} s; nothing was changed, and nobody was told</dd>
<dt>Worth of a snapshot</dt><dd>looked ahead at the same moment; nothing was frozen to find out</dd>
<dt>Runs</dt><dd>${oldest === undefined ? (whyNoRuns ?? 'none on record') : html`${counted(runs?.length ?? 0, 'run')} from the history of this machine, since ${momentOf(oldest.outcome.startedAt)}; the last 100 are kept`}</dd>
</dl>
<p>Made ${momentOf(time)} by quiesced ${version} with <code>quiesced report --html</code>. It stays as it was then: make it again to see how things are.</p></footer>`;
}
