import type { Finding, Verdict } from '../../checks/check.ts';
import { shown } from '../../checks/verdict.ts';
import type { GroupSummary, Overview } from '../../readiness/overview.ts';
import { countsInWords } from '../render-report.ts';
import { type Content, html, type Markup } from './html.ts';
import { mark, named, VERDICT_NAMES } from './marks.ts';
import { counted } from './words.ts';

/** Every group: what is wrong in full, what is fine in one line that opens. */
export const findingsSection = ({ groups, readiness }: Overview): Markup => html`<section aria-labelledby="findings">
<h2 id="findings">Readiness by group</h2>
${groups.map((summary) =>
  groupArticle(
    summary,
    shown(readiness.findings).filter(({ group }) => group === summary.group),
  ),
)}
</section>`;

const PROBLEMS: readonly Verdict[] = ['fail', 'error', 'warn'];

function groupArticle({ group, title, verdict, counts }: GroupSummary, findings: readonly Finding[]): Markup {
  const of = (verdicts: readonly Verdict[]) =>
    verdicts.flatMap((wanted) => findings.filter((finding) => finding.verdict === wanted));
  const told = [...of(PROBLEMS).map(problem), ...of(['info']).map(note)];
  const heading = html`<h3 id="h-${group}">${named(verdict)}${title}</h3><p class="counts">${countsInWords(counts)}</p>`;
  if (told.length === 0) {
    return html`<details class="group fine" id="group-${group}"><summary>${heading}</summary>${plainList(of(['pass', 'skip']))}</details>`;
  }
  return html`<section class="group" id="group-${group}" aria-labelledby="h-${group}">
<header>${heading}</header>
${told}
${folded('pass', of(['pass']))}
${folded('skip', of(['skip']))}
</section>`;
}

/** What is wrong, how it should be, and what to do. */
function problem(finding: Finding): Markup {
  const { id, verdict, title, detail, explains = [] } = finding;
  // A check that broke explains nothing.
  const codes =
    verdict === 'error' || explains.length === 0
      ? undefined
      : html`<dt>Azure may call it</dt><dd>${explains.join(', ')}</dd>`;
  return html`<article class="problem ${verdict}" id="${id}">
<p class="what">${mark(verdict)}<span><b class="word">${VERDICT_NAMES[verdict]}</b> ${detail}</span></p>
${remedyOf(finding)}
<dl class="about"><dt>Should be</dt><dd>${title} <code>${id}</code></dd>${codes}${sourceOf(finding)}</dl>
</article>`;
}

const note = (finding: Finding): Markup => html`<article class="note" id="${finding.id}">
<p class="what">${mark('info')}<span>${finding.detail} <code>${finding.id}</code></span></p>
${remedyOf(finding)}
</article>`;

const sourceOf = ({ source }: Finding): Content =>
  source === undefined ? undefined : html`<dt>Source</dt><dd class="source">${source}</dd>`;

/** Sentences, and commands each in a line that one click selects as a whole. */
export function remedyOf({ remedy }: Pick<Finding, 'remedy'>): Content {
  if (remedy === undefined) return undefined;
  const lines = remedy.split('\n').filter((line) => line !== '');
  return html`<div class="remedy">${lines.map((line) =>
    line.startsWith('$ ') ? commandOf(line.slice(2)) : html`<p>${line}</p>`,
  )}</div>`;
}

/** A word that is longer may be broken. */
const WORD = 40;

/** One click selects it as a whole; an option is not cut in two where the line ends. */
export const commandOf = (command: string): Markup =>
  html`<pre class="command"><code>${command
    .split(' ')
    .map((word, at) => [at === 0 ? '' : ' ', word.length > WORD ? word : html`<span>${word}</span>`])}</code></pre>`;

/** What nobody has to read today; on paper it is all there. */
function folded(verdict: 'pass' | 'skip', findings: readonly Finding[]): Content {
  if (findings.length === 0) return undefined;
  const summary =
    verdict === 'pass' ? `${counted(findings.length, 'check')} passed` : `${findings.length} not looked at`;
  return html`<details class="folded"><summary>${mark(verdict)}<span>${summary}</span></summary>${plainList(findings)}</details>`;
}

const plainList = (findings: readonly Finding[]): Markup =>
  html`<ul class="checks">${findings.map(
    ({ id, verdict, title, detail }) =>
      html`<li id="${id}">${verdict === 'skip' ? named(verdict) : undefined}<span>${title}</span> <span class="aside">${detail}</span> <code>${id}</code></li>`,
  )}</ul>`;
