import type { Verdict } from '../../checks/check.ts';
import { html, type Markup } from './html.ts';

/** As a report names a verdict beside its sign. */
export const VERDICT_NAMES: Readonly<Record<Verdict, string>> = {
  fail: 'Failed',
  error: 'Check broke',
  warn: 'Warning',
  info: 'Note',
  pass: 'Passed',
  skip: 'Not looked at',
};

/** A shape of its own for each: who sees no colours, or prints without, still tells them apart. */
const SHAPES: Readonly<Record<Verdict, Markup>> = {
  fail: html`<path d="M6.6 1h6.8L19 6.6v6.8L13.4 19H6.6L1 13.4V6.6z"/><path class="ink" d="M7 7l6 6M13 7l-6 6"/>`,
  error: html`<path d="M10 .8L19.2 10 10 19.2.8 10z"/><path class="ink" d="M8 8.2a2 2 0 1 1 2.7 1.9c-.5.2-.7.6-.7 1.1M10 13.6v.2"/>`,
  warn: html`<path d="M10 1.4L19.4 18H.6z"/><path class="ink" d="M10 7.4v5M10 15.1v.2"/>`,
  info: html`<circle cx="10" cy="10" r="9"/><path class="ink" d="M10 9.2v5M10 6v.2"/>`,
  pass: html`<circle cx="10" cy="10" r="9"/><path class="ink" d="M5.8 10.4l2.8 2.8 5.6-6"/>`,
  skip: html`<circle class="hollow" cx="10" cy="10" r="8"/>`,
};

/** Says nothing to a screen reader: the word stands beside it, or `named` puts it there. */
export const mark = (verdict: Verdict): Markup =>
  html`<svg class="mark ${verdict}" viewBox="0 0 20 20" aria-hidden="true" focusable="false">${SHAPES[verdict]}</svg>`;

/** With its word for those who hear the page. */
export const named = (verdict: Verdict): Markup =>
  html`${mark(verdict)}<span class="heard">${VERDICT_NAMES[verdict]}: </span>`;
