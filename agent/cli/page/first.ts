import type { Finding } from '../../checks/check.ts';
import type { Overview } from '../../readiness/overview.ts';
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

/** Whether this machine would come up again; the same for any group that decides it. */
export function restoreSection({ groups, readiness }: Overview): Content {
  const restore = groups.find(({ group }) => group === 'restore');
  if (restore === undefined) return undefined;
  const problems = readiness.findings.filter(
    ({ group, verdict, hiddenBy }) =>
      group === 'restore' && hiddenBy === undefined && verdict !== 'pass' && verdict !== 'skip',
  );
  return html`<section class="restore" aria-labelledby="restore">
<h2 id="restore">Would it come back?</h2>
<p class="level">${mark(restore.verdict)}${RESTORES[restore.verdict]}</p>
${problems.length === 0 ? undefined : html`<ul class="plain">${problems.slice(0, NAMED).map(step)}</ul>`}
<p class="more"><a href="#group-restore">${counted(restore.counts.pass, 'check')} of it passed</a></p>
</section>`;
}

const RESTORES = {
  fail: 'A restored copy would not come up as it should',
  error: 'Nobody can say: a check broke',
  warn: 'A restored copy may need help to come up',
  pass: 'Nothing found that keeps a restored copy from coming up',
} as const;
