import type { Status, StatusExpected, StatusProblem } from './status.ts';

/** What somebody was told, as far as it still is so. */
export interface Known {
  readonly problems: Readonly<Record<string, StatusProblem['verdict']>>;
  /** Absent when nothing was known of it. */
  readonly expected?: StatusExpected['consistency'];
}

export const KNOWN_NOTHING: Known = { problems: {} };

const WEIGHT: Readonly<Record<string, number>> & Readonly<Record<StatusProblem['verdict'], number>> = {
  warn: 1,
  error: 2,
  fail: 3,
};
const LEVELS: readonly StatusExpected['consistency'][] = ['none', 'crash', 'file-system', 'application'];

/**
 * The problems that are new or have become more serious since somebody was told, and none when only the consistency to
 * expect has sunk; undefined when nothing is worse than he knows.
 */
export function whatIsWorse(known: Known, status: Status): readonly StatusProblem[] | undefined {
  const worse = status.problems.filter(({ id, verdict }) => WEIGHT[verdict] > weightOf(known, id));
  return worse.length > 0 || hasSunk(known.expected, status.expected.consistency) ? worse : undefined;
}

/** Everything, once he was told. */
export const knownOf = ({ problems, expected }: Status): Known => ({
  problems: Object.fromEntries(problems.map(({ id, verdict }) => [id, verdict])),
  ...expectedOf(expected.consistency),
});

/** After a failed attempt: what he knew and still is so, and no more. */
export const remembered = (known: Known, { problems, expected }: Status): Known => ({
  problems: Object.fromEntries(
    problems.flatMap(({ id, verdict }) => {
      const before = known.problems[id];
      if (before === undefined) return [];
      return [[id, WEIGHT[verdict] < WEIGHT[before] ? verdict : before]];
    }),
  ),
  ...expectedOf(hasSunk(known.expected, expected.consistency) ? known.expected : expected.consistency),
});

/** What is not understood (disk trouble, a later version) is as good as nothing known: rather told twice than never. */
export function parseKnown(text: string): Known {
  try {
    const { problems, expected } = JSON.parse(text) as Partial<Record<keyof Known, unknown>>;
    const entries = Object.entries(problems ?? {}).filter(([, verdict]) => isKnownVerdict(verdict));
    return { problems: Object.fromEntries(entries), ...expectedOf(LEVELS.find((level) => level === expected)) };
  } catch {
    return KNOWN_NOTHING;
  }
}

const isKnownVerdict = (verdict: unknown): boolean => typeof verdict === 'string' && Object.hasOwn(WEIGHT, verdict);

const expectedOf = (expected: Known['expected']): Pick<Known, 'expected'> =>
  expected === undefined || expected === 'unknown' ? {} : { expected };

/** Of what is not understood: none. */
const weightOf = ({ problems }: Known, id: string): number => WEIGHT[problems[id] ?? 'none'] ?? 0;

/** From what he knew to less; what is not known is neither more nor less. */
const hasSunk = (before: Known['expected'], now: StatusExpected['consistency']): boolean =>
  before !== undefined && now !== 'unknown' && LEVELS.indexOf(now) < LEVELS.indexOf(before);
