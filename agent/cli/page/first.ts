import type { Finding } from '../../checks/check.ts';
import { countsOf, verdictOf } from '../../checks/verdict.ts';
import type { Overview } from '../../readiness/overview.ts';
import { countsInWords } from '../render-report.ts';
import { commandOf, remedyOf } from './findings.ts';
import { type Content, html, type Markup } from './html.ts';
import { mark, named } from './marks.ts';
import { counted } from './words.ts';

/** Of those that come after the first, so many are named. */
const NAMED = 6;

/** For somebody who was woken by this: the one thing to do now, ready to paste, and what comes after it. */
export function firstSection({ todo, readiness }: Overview): Content {
  const [first, ...rest] = todo.flatMap((id) => readiness.findings.find((finding) => finding.id === id) ?? []);
  if (first === undefined) return undefined;
  const others = rest.length - NAMED;
  return html`<section class="first ${first.verdict}" aria-labelledby="first">
<h2 id="first">${first.verdict === 'fail' ? 'Do this first' : 'See to this first'}</h2>
<p class="what">${first.detail}</p>
${remedyOf(first) ?? html`<p>A check that breaks is a fault of quiesced, or of a machine that is out of something. See what it says alone.</p>`}
<p class="aside">Then see that it is mended:</p>
${commandOf(`quiesced check --only ${first.id}`)}
<p class="more"><a href="#${first.id}">All about it</a></p>
${rest.length === 0 ? undefined : html`<h3>Then</h3><ol start="2">${rest.slice(0, NAMED).map(step)}</ol>`}
${others <= 0 ? undefined : html`<p class="aside">and ${counted(others, 'other')} below</p>`}
</section>`;
}

const step = ({ id, verdict, detail }: Finding): Markup =>
  html`<li><a href="#${id}">${named(verdict)}${detail}</a></li>`;

/** Whether this machine would come up again: all that decides it, also what is shown in other groups. */
export function restoreSection({ restore, readiness }: Overview): Content {
  if (restore.length === 0) return undefined;
  const findings = readiness.findings.filter(({ id }) => restore.includes(id));
  const verdict = verdictOf(findings);
  const told = WORST_FIRST.flatMap((wanted) => findings.filter((finding) => finding.verdict === wanted));
  return html`<section class="restore" aria-labelledby="restore">
<h2 id="restore">Would it come back?</h2>
<p class="level">${mark(verdict)}${RESTORES[verdict]}</p>
${told.length === 0 ? undefined : html`<ul class="plain">${told.slice(0, NAMED).map(step)}</ul>`}
<p class="aside more">${countsInWords(countsOf(findings))}</p>
</section>`;
}

const WORST_FIRST = ['fail', 'error', 'warn', 'info'] as const;

const RESTORES = {
  fail: 'A restored copy would not come up as it should',
  error: 'Nobody can say: a check broke',
  warn: 'A restored copy may need help to come up',
  pass: 'Nothing found that keeps a restored copy from coming up',
} as const;
