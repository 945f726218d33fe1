import { allChecks } from '../checks/all.ts';
import { GROUPS, type Group } from '../checks/check.ts';
import { checksOn, choose, EVERY_CHECK } from '../checks/select.ts';
import { type Counts, countsOf, type ReportVerdict, shown, verdictOf } from '../checks/verdict.ts';
import type { Outcome, RunKind } from '../snapshot/outcome.ts';
import type { Examination } from './examine.ts';
import { figuresOf, type RunFigures } from './run-figures.ts';

/**
 * All that there is to tell of a machine and its backups: what the checks say now, and what its own runs have shown. The
 * JSON of `report --json`; the page of `report --html` is made of nothing else.
 */
export interface Overview {
  readonly schema: 1;
  /** When it was made; ISO 8601, UTC. */
  readonly time: string;
  /** Of this program. */
  readonly version: string;
  readonly readiness: Examination;
  /** Ids of what is wrong, in the order in which to see to it. */
  readonly todo: readonly string[];
  /** The worst first, otherwise as reports have them. */
  readonly groups: readonly GroupSummary[];
  /** Ids of all that decides whether a restored copy comes up, whatever group they are shown in. */
  readonly restore: readonly string[];
  /** The last runs, oldest first; absent where the history could not be read. */
  readonly runs?: readonly RunStory[];
  /** Why it could not. */
  readonly whyNoRuns?: string;
  readonly trends: readonly Trend[];
}

/** How a group of checks stands; groups of which nothing was looked at are left out. */
export interface GroupSummary {
  readonly group: Group;
  readonly title: string;
  readonly verdict: ReportVerdict;
  readonly counts: Counts;
}

/** A run, and what its timeline comes to. */
export interface RunStory extends RunFigures {
  readonly outcome: Outcome;
}

/** How long writers had to wait, in all runs of a kind: each with its longest stall. */
export interface Trend {
  readonly kind: RunKind;
  /** Those that froze something. */
  readonly runs: number;
  readonly medianMs: number;
  readonly longestMs: number;
  readonly lastMs: number;
}

/** How it was made. */
export interface OverviewParts {
  readonly time: string;
  readonly version: string;
  /** Oldest first, or why there are none to be had. */
  readonly history: readonly Outcome[] | { readonly fault: string };
}

/** Puts together what was found; looks at nothing itself. */
export function overviewOf(readiness: Examination, { time, version, history }: OverviewParts): Overview {
  const runs = 'fault' in history ? undefined : history.map((outcome) => ({ outcome, ...figuresOf(outcome) }));
  return {
    schema: 1,
    time,
    version,
    readiness,
    todo: todoOf(readiness),
    groups: groupsOf(readiness),
    restore: restoreOf(readiness),
    ...(runs === undefined ? {} : { runs }),
    ...('fault' in history ? { whyNoRuns: history.fault } : {}),
    trends: trendsOf(runs ?? []),
  };
}

const WORST_FIRST = ['fail', 'error', 'warn'] as const;
const BAD_FIRST: readonly ReportVerdict[] = [...WORST_FIRST, 'pass'];

/** What fails a backup before what may; within that, the order of the checks, which goes from the ground up. */
const todoOf = ({ findings }: Examination): readonly string[] =>
  WORST_FIRST.flatMap((verdict) => shown(findings).filter((finding) => finding.verdict === verdict)).map(
    ({ id }) => id,
  );

const groupsOf = ({ findings }: Examination): readonly GroupSummary[] =>
  (Object.entries(GROUPS) as [Group, string][])
    .flatMap(([group, title]) => {
      const own = shown(findings).filter((finding) => finding.group === group);
      return own.length === 0 ? [] : [{ group, title, verdict: verdictOf(own), counts: countsOf(own) }];
    })
    .toSorted((a, b) => BAD_FIRST.indexOf(a.verdict) - BAD_FIRST.indexOf(b.verdict));

/** As `check --group restore` has them. */
function restoreOf({ findings, facts }: Examination): readonly string[] {
  const wanted = choose(checksOn(facts.platform, allChecks), { ...EVERY_CHECK, groups: ['restore'] });
  const ids = new Set(wanted.map(({ id }) => id));
  return shown(findings).flatMap(({ id }) => (ids.has(id) ? [id] : []));
}

/** For how long a run made somebody wait; undefined when it froze nothing. One without a timeline is taken as a whole. */
export const stallOf = ({ outcome, longestStall }: RunStory): number | undefined =>
  longestStall?.ms ?? (outcome.frozenMs > 0 ? outcome.frozenMs : undefined);

const trendsOf = (runs: readonly RunStory[]): readonly Trend[] =>
  [...Map.groupBy(runs, ({ outcome }) => outcome.kind)].flatMap(([kind, own]) => {
    const stalls = own.map(stallOf).filter((ms) => ms !== undefined);
    const lastMs = stalls.at(-1);
    if (lastMs === undefined) return [];
    return [{ kind, runs: stalls.length, medianMs: medianOf(stalls), longestMs: Math.max(...stalls), lastMs }];
  });

/** The lower one of two in the middle: a time that has been measured. */
const medianOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;
