import type { GroupSummary, Overview } from '../../readiness/overview.ts';
import { capital } from '../render-outcome.ts';
import { countsInWords, describeMachine, describeSystem, verdictWords } from '../render-report.ts';
import { html, type Markup } from './html.ts';
import { mark, named } from './marks.ts';
import { momentOf } from './words.ts';

/** The verdict, readable from across the room, and beneath it which groups it comes from. */
export function heroSection({ readiness, groups, time }: Overview): Markup {
  const { facts, verdict, counts } = readiness;
  const { name, meaning } = verdictWords(readiness);
  return html`<header class="machine">
<p class="host">${facts.hostname ?? 'this machine'}</p>
<p class="aside">${describeSystem(facts)}<br>${describeMachine(facts)}</p>
<p class="aside when">Backup readiness<br>${momentOf(time)}</p>
</header>
<section class="verdict ${verdict}" aria-labelledby="verdict">
<h1 id="verdict">${mark(verdict)}<span>${capital(name.toLowerCase())}</span></h1>
<p class="meaning">${capital(meaning)}</p>
<p class="counts">${countsInWords(counts)}</p>
<nav aria-label="Groups"><ul class="tiles">${groups.map(tile)}</ul></nav>
</section>`;
}

const tile = ({ group, title, verdict, counts }: GroupSummary): Markup => {
  const bad = counts.fail + counts.error + counts.warn;
  return html`<li><a class="tile ${verdict}" href="#group-${group}">${named(verdict)}<span>${title}</span>${bad > 0 ? html`<b>${bad}</b>` : undefined}</a></li>`;
};
