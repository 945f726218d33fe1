import { NOTHING_TAKEN, type Outcome } from '../snapshot/outcome.ts';
import { tellLeft } from './render-left.ts';
import { milliseconds, timelineLines } from './render-timeline.ts';
import { bullet, hang, listed, visible } from './wrap.ts';

/** The whole story of a run: what it is worth, what went wrong, and when everything happened. */
export const renderOutcome = (outcome: Outcome, width: number): string =>
  [
    ...verdict(outcome, width),
    ...section(
      'Not as it should be',
      outcome.faults.flatMap((fault) => faultLines(fault, width)),
    ),
    ...section(
      'Warnings',
      outcome.warnings.flatMap((warning) => bullet(warning, width)),
    ),
    ...section(
      'Not frozen',
      tellLeft(outcome.left, notFrozen).flatMap((line) => bullet(line, width)),
    ),
    ...section('Timeline', timelineLines(outcome.timeline, width)),
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

/** This many mount points are named; JSON has all of them. */
const NAMED = 8;

const verdict = (outcome: Outcome, width: number): readonly string[] => {
  const { kind, reason, snapshot, frozen, frozenMs } = outcome;
  return [
    ...hang('', `${capital(kind)}: ${levelOf(outcome)}`, width),
    ...(isLostHold(outcome) && reason === NOTHING_TAKEN ? [] : hang('  ', `${capital(reason)}.`, width)),
    ...(snapshot === undefined ? [] : hang('  Snapshot: ', snapshot, width)),
    ...(frozen.length === 0 ? [] : hang(`  Frozen for ${milliseconds(frozenMs)}: `, listed(frozen, NAMED), width)),
  ];
};

/** Whoever copied meanwhile has a copy, and must hear what it is worth. */
const isLostHold = ({ kind, consistency }: Outcome): boolean =>
  (kind === 'hold' || kind === 'freeze') && consistency === 'none';

function levelOf(outcome: Outcome): string {
  const { consistency, wouldBe, evidence } = outcome;
  if (isLostHold(outcome)) return 'not held throughout; a copy made meanwhile is worth nothing';
  const level = LEVEL_NAMES[wouldBe ?? consistency] ?? consistency;
  return `${wouldBe === undefined ? level : `a snapshot would be ${level}`}${evidence === undefined ? '' : ` (${evidence})`}`;
}

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ['', title, ...lines];

const faultLines = ({ phase, message, remedy }: Outcome['faults'][number], width: number): readonly string[] => [
  ...bullet(`${phase}: ${message}`, width),
  ...(remedy === undefined ? [] : remedyLines(remedy.replaceAll('\n', ' '), width)),
];

/** A command with a path that is longer than the line stays whole: broken, it could not be pasted. */
const remedyLines = (remedy: string, width: number): readonly string[] =>
  remedy.split(' ').some((word) => word.length > width - ARROW.length)
    ? [`${ARROW}${visible(remedy)}`]
    : hang(ARROW, remedy, width);

const ARROW = '    → ';

/** A line on file systems that were left alone; for `tellLeft`. */
export const notFrozen = (names: string, reason: string, type?: string): string =>
  `${names}${type === undefined ? '' : ` (${type})`}: ${reason}`;

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
