import type { Outcome } from '../snapshot/outcome.ts';
import type { TimelineStep } from '../snapshot/phases.ts';
import { wrap } from './help.ts';

/** The whole story of a run: what it is worth, what went wrong, and when everything happened. */
export const renderOutcome = (outcome: Outcome, width: number): string =>
  [
    ...verdict(outcome),
    ...section(
      'Not as it should be',
      outcome.faults.flatMap((fault) => faultLines(fault, width)),
    ),
    ...section(
      'Warnings',
      outcome.warnings.flatMap((warning) => bullet(warning, width)),
    ),
    ...section('Not frozen', notFrozen(outcome, width)),
    ...section('Timeline', timelineLines(outcome.timeline)),
    '',
  ].join('\n');

/** One line for lists. */
export const outcomeLine = ({ startedAt, kind, consistency, wouldBe, frozenMs, faults }: Outcome): string =>
  [
    startedAt.slice(0, 19).replace('T', ' '),
    kind.padEnd(9),
    (wouldBe === undefined ? consistency : `would be ${wouldBe}`).padEnd(20),
    `frozen ${milliseconds(frozenMs)}`,
    ...(faults.length > 0 ? [`${faults.length} fault${faults.length > 1 ? 's' : ''}`] : []),
  ].join('  ');

/** Levels of consistency, for people. */
export const LEVEL_NAMES: Readonly<Record<string, string>> = {
  application: 'application-consistent',
  'file-system': 'file-system-consistent',
  crash: 'crash-consistent',
  none: 'no snapshot',
};

const verdict = ({
  kind,
  consistency,
  wouldBe,
  evidence,
  reason,
  snapshot,
  frozen,
  frozenMs,
}: Outcome): readonly string[] => {
  const level = LEVEL_NAMES[wouldBe ?? consistency] ?? consistency;
  const shown = wouldBe === undefined ? level : `a snapshot would be ${level}`;
  return [
    `${capital(kind)}: ${shown}${evidence === undefined ? '' : ` (${evidence})`}`,
    `  ${capital(reason)}.`,
    ...(snapshot === undefined ? [] : [`  Snapshot: ${snapshot}`]),
    ...(frozen.length === 0 ? [] : [`  Frozen for ${milliseconds(frozenMs)}: ${frozen.join(', ')}`]),
  ];
};

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ['', title, ...lines];

const faultLines = ({ phase, message, remedy }: Outcome['faults'][number], width: number): readonly string[] => [
  ...bullet(`${phase}: ${message}`, width),
  ...(remedy === undefined ? [] : [`    → ${remedy}`]),
];

const bullet = (text: string, width: number): readonly string[] =>
  wrap(text, width - 4).map((line, index) => `  ${index === 0 ? '·' : ' '} ${line}`);

const notFrozen = ({ left }: Outcome, width: number): readonly string[] =>
  left.flatMap(({ mountPoint, type, reason }) => bullet(`${mountPoint} (${type}): ${reason}`, width));

function timelineLines(steps: readonly TimelineStep[]): readonly string[] {
  return steps.map(({ atMs, tookMs, phase, step, mountPoint, error }) => {
    const what = `${phase.padEnd(8)} ${step}${mountPoint === undefined ? '' : ` ${mountPoint}`}`;
    return `  ${milliseconds(atMs).padStart(11)}  ${what.padEnd(44)} ${milliseconds(tookMs).padStart(11)}${error === undefined ? '' : '  failed'}`;
  });
}

/** `0.4 ms`, `12 ms`, `3.2 s` */
export const milliseconds = (ms: number): string => {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
};

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
