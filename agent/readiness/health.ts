import { EXIT_BY_VERDICT } from '../checks/verdict.ts';
import type { Status } from '../reporters/status.ts';

/** The answer of `quiesced --health`. JSON: schema 1. */
export interface Health {
  readonly schema: 1;
  /** 0, 1, 2 or 3: DESIGN.md §5. */
  readonly exitCode: number;
  /** What it comes to, in one line. */
  readonly summary: string;
  /** The last check is older than two intervals. */
  readonly stale: boolean;
  readonly ageMs?: number;
  /** Absent when nothing is known. */
  readonly status?: Status;
}

/** What counts where the checks do not run by themselves: somebody has to see to it daily. */
const UNSCHEDULED_INTERVAL_MS = 24 * 3_600_000;

/** From the last status, or from why there is none. A time in the future is as wrong as one long past. */
export function healthOf(status: Status | undefined, whyNone: string, now: Date): Health {
  if (status === undefined)
    return { schema: 1, exitCode: EXIT_BY_VERDICT.error, summary: `UNKNOWN: ${whyNone}`, stale: false };
  const ageMs = now.getTime() - Date.parse(status.time);
  const stale = Math.abs(ageMs) > 2 * (status.intervalMs ?? UNSCHEDULED_INTERVAL_MS);
  const verdict = stale && status.verdict !== 'fail' ? 'error' : status.verdict;
  return {
    schema: 1,
    exitCode: EXIT_BY_VERDICT[verdict],
    summary: oneLine(`${NAMES[verdict]}: ${inWords(status, stale)} (checked ${ago(ageMs)})`),
    stale,
    ageMs,
    status,
  };
}

const NAMES: Readonly<Record<Status['verdict'], string>> = {
  pass: 'READY',
  warn: 'WARNING',
  fail: 'NOT READY',
  error: 'UNKNOWN',
};

function inWords({ problems, counts, expected }: Status, stale: boolean): string {
  const [first] = problems;
  const rest = problems.length - 1;
  const parts = [
    ...(stale ? ['the last check is too old; run: quiesced check'] : []),
    ...(first === undefined ? [`${counts.pass} checks passed`] : [`${first.detail} [${first.id}]`]),
    ...(rest > 0 ? [`and ${rest} more`] : []),
    ...(first === undefined && expected.consistency !== 'unknown'
      ? [`expect ${expected.consistency} consistency`]
      : []),
  ];
  return parts.join('; ');
}

/** `3 minutes ago` */
export function ago(ms: number): string {
  if (ms < 0) return 'in the future';
  const [unit, size] = UNITS.find(([, each]) => ms >= each) ?? ['second', 1000];
  const count = Math.floor(ms / size);
  return count === 0 ? 'just now' : `${count} ${unit}${count === 1 ? '' : 's'} ago`;
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

/** Details quote what programs and files say; a line is what was promised, and a terminal is not to be steered by it. */
const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ');
