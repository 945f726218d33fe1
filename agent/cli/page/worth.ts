import type { Overview } from '../../readiness/overview.ts';
import { capital, LEVEL_NAMES } from '../render-outcome.ts';
import { html, type Markup } from './html.ts';

/** From the least to the best. */
const LADDER = ['crash', 'file-system', 'application'] as const;
const STEPS: Readonly<Record<(typeof LADDER)[number], string>> = {
  crash: 'Crash',
  'file-system': 'File system',
  application: 'Application',
};

/** What a snapshot taken at the time of the page would be worth, and why it is that. */
export function worthSection({ readiness: { expected } }: Overview): Markup {
  const { consistency, reason } = expected;
  const reached = (LADDER as readonly string[]).indexOf(consistency);
  return html`<section class="worth" aria-labelledby="worth">
<h2 id="worth">What a snapshot now would be worth</h2>
<p class="level">${capital(LEVEL_NAMES[consistency] ?? 'not known')}</p>
<ol class="ladder">${LADDER.map((level, at) => html`<li class="${at <= reached ? 'reached' : 'missed'}"${at === reached ? html` aria-current="step"` : undefined}>${STEPS[level]}</li>`)}</ol>
<p>${capital(reason)}.</p>
</section>`;
}
