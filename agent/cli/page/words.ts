import { milliseconds } from '../render-timeline.ts';
import { html, type Markup } from './html.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `21 Nov 2026, 03:12 UTC`; a time that cannot be read is shown as it is. */
export function momentOf(iso: string): Markup {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return html`${iso}`;
  return html`<time datetime="${time.toISOString()}">${dayOf(time)} ${time.getUTCFullYear()}, ${clockOf(time)} UTC</time>`;
}

/** `21 Nov, 03:12`, for a list in which the year is told elsewhere. */
export function shortMomentOf(iso: string): string {
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? iso : `${dayOf(time)}, ${clockOf(time)}`;
}

const dayOf = (time: Date): string => `${time.getUTCDate()} ${MONTHS[time.getUTCMonth()]}`;
const clockOf = (time: Date): string => time.toISOString().slice(11, 16);

/** `1 warning`, `3 warnings` */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** `0.4 ms`, `212 ms`, `5.1 s`, `3 min 5 s` */
export function durationOf(ms: number): string {
  if (ms < 999.5) return milliseconds(ms);
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${(ms / 1000).toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
