import type { TimelineStep } from '../snapshot/phases.ts';
import { shorten, visible } from './wrap.ts';

const TIME_WIDTH = 9;
const PHASE_WIDTH = 8;
/** Up to this many equal steps of different file systems have a line each; of more, the slowest and those that failed. */
const ONE_BY_ONE = 6;
const SLOWEST = 3;

/** A line of the timeline, or of several that are not worth one each. */
interface Line extends TimelineStep {
  readonly others?: number;
}

/** When each step began, how long it took, and what it was: the figures first, so that no name moves them. */
export const timelineLines = (steps: readonly TimelineStep[], width: number): readonly string[] =>
  steps.length === 0
    ? []
    : [
        `  ${'at'.padStart(TIME_WIDTH)}  ${'took'.padStart(TIME_WIDTH)}`,
        ...condensed(steps).map((step) => lineOf(step, width)),
      ];

function lineOf({ atMs, tookMs, phase, step, mountPoint, error, others }: Line, width: number): string {
  const took = `${others === undefined ? '' : '≤ '}${milliseconds(tookMs)}`;
  const times = `  ${milliseconds(atMs).padStart(TIME_WIDTH)}  ${took.padStart(TIME_WIDTH)}`;
  const about = others === undefined ? (mountPoint ?? '') : `${others} others`;
  const what = [step, about].filter((part) => part !== '').join(' ');
  const end = error === undefined ? '' : ': failed';
  const left = `${times}  ${phase.padEnd(PHASE_WIDTH)} `;
  return `${left}${shorten(visible(what), Math.max(10, width - left.length - end.length))}${end}`;
}

/** Hundreds of file systems have a thousand steps, of which hardly any is worth a look. */
function condensed(steps: readonly TimelineStep[]): readonly Line[] {
  const groups = Map.groupBy(steps, ({ phase, step, mountPoint }) =>
    mountPoint === undefined ? '' : `${phase} ${step}`,
  );
  const told = new Set<Line>(groups.get('') ?? []);
  groups.delete('');
  for (const group of groups.values()) {
    if (group.length <= ONE_BY_ONE) for (const step of group) told.add(step);
    else for (const line of worthTelling(group)) told.add(line);
  }
  return [...told].sort((a, b) => a.atMs - b.atMs);
}

function worthTelling(group: readonly TimelineStep[]): readonly Line[] {
  const slowest = group.toSorted((a, b) => b.tookMs - a.tookMs).slice(0, SLOWEST);
  const told = group.filter((step) => step.error !== undefined || slowest.includes(step));
  const others = group.filter((step) => !told.includes(step));
  const [first] = others;
  if (first === undefined) return told;
  const tookMs = Math.max(...others.map((step) => step.tookMs));
  return [...told, { atMs: first.atMs, tookMs, phase: first.phase, step: first.step, others: others.length }];
}

/** `0.4 ms`, `12 ms`, `3.2 s` */
export const milliseconds = (ms: number): string => {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms < 9.95 ? ms.toFixed(1) : Math.round(ms)} ms`;
};
