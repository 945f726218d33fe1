import type { Span, Track } from '../../readiness/run-figures.ts';
import { shorten } from '../wrap.ts';
import { type Content, html, type Markup } from './html.ts';
import { durationOf } from './words.ts';

/** Of bars: they are stretched to the width that there is. */
const WIDE = 1000;
/** Thinner ones would not be seen. */
const LEAST = 3;
const HIGH = 12;
const NAME_LENGTH = 44;

/** What is shown of tracks beside the times of their spans. */
export interface TrackTable {
  readonly caption: string;
  readonly tracks: readonly Track[];
  /** What each one is said to have taken. */
  readonly took: (track: Track) => string;
  /** In a last line, what was left out. */
  readonly rest?: string;
}

/** Tracks above each other on one scale, from their first begin to their last end. */
export function trackTable({ caption, tracks, took, rest }: TrackTable): Content {
  const spans = tracks.flatMap((track) => track.spans);
  if (spans.length === 0) return undefined;
  const fromMs = Math.min(...spans.map(({ atMs }) => atMs));
  const untilMs = Math.max(...spans.map(endOf));
  const scale = { fromMs, perMs: WIDE / Math.max(untilMs - fromMs, 0.001) };
  return html`<table class="tracks"><caption>${caption}</caption>
<thead><tr><th scope="col">What</th><th scope="col">0 to ${durationOf(untilMs - fromMs)}</th><th scope="col">Took</th></tr></thead>
<tbody>${tracks.map((track) => row(track, scale, took(track)))}</tbody>
${rest === undefined ? undefined : html`<tfoot><tr><td colspan="3">${rest}</td></tr></tfoot>`}</table>`;
}

interface Scale {
  readonly fromMs: number;
  readonly perMs: number;
}

const row = ({ name, spans }: Track, scale: Scale, took: string): Markup =>
  html`<tr><th scope="row">${shorten(name, NAME_LENGTH)}</th><td><svg class="bars" viewBox="0 0 ${WIDE} ${HIGH}" preserveAspectRatio="none" aria-hidden="true" focusable="false">${spans.map((span) => bar(span, scale))}</svg></td><td>${took}</td></tr>`;

function bar({ what, atMs, tookMs, failed }: Span, { fromMs, perMs }: Scale): Markup {
  const width = Math.max(LEAST, tookMs * perMs);
  const x = Math.min((atMs - fromMs) * perMs, WIDE - width);
  // Waiting is thin, work is thick.
  const [y, height] = what === 'held' || what === 'frozen' ? [4, 4] : [0, HIGH];
  return html`<rect class="${what}${failed ? ' failed' : ''}" x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${height}"><title>${what} ${durationOf(tookMs)}</title></rect>`;
}

export const endOf = ({ atMs, tookMs }: Span): number => atMs + tookMs;
