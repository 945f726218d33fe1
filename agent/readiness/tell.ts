import { shown } from '../checks/verdict.ts';
import { messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { allReporters } from '../reporters/all.ts';
import type { Reporter, ReporterParts, Told } from '../reporters/reporter.ts';
import type { RunSummary, StatusProblem } from '../reporters/status.ts';
import { readHistory } from '../snapshot/history.ts';
import type { Outcome } from '../snapshot/outcome.ts';
import type { System } from '../system/system.ts';
import type { Examination } from './examine.ts';

/** A result, with what is remembered of earlier runs, in the form in which it is told. */
export async function gatherTold(examination: Examination, { system, config, log }: TellParts): Promise<Told> {
  const outcomes = system.privileged ? await historyOf(system, log) : [];
  return toldOf(examination, outcomes, config.schedule.readinessMs);
}

/** To all of them at once. One that fails is a line in the log: nothing else is to fail for it. */
export async function tell(
  told: Told,
  { system, config, log }: TellParts,
  reporters: readonly Reporter[] = allReporters,
): Promise<void> {
  await Promise.all(
    reporters.map(async (reporter) => {
      try {
        await reporter.report(told, { system, config });
      } catch (error) {
        log.warn(`the result was not told by ${reporter.id}: ${messageOf(error)}`);
      }
    }),
  );
}

/** Who tells, and as what is configured. */
export interface TellParts extends ReporterParts {
  readonly log: Log;
}

/** The decision what is told. */
export function toldOf(examination: Examination, outcomes: readonly Outcome[], intervalMs: number | undefined): Told {
  const { time, verdict, counts, expected, facts } = examination;
  const last = outcomes.at(-1);
  return {
    status: {
      schema: 1,
      time,
      ...(intervalMs === undefined ? {} : { intervalMs }),
      verdict,
      counts,
      problems: problemsOf(examination),
      expected,
      ...(last === undefined ? {} : { last: summaryOf(last) }),
    },
    hostname: facts.hostname,
    checks: shown(examination.findings).map(({ id, group, verdict: of }) => ({ id, group, verdict: of })),
    runs: [...Map.groupBy(outcomes, ({ kind }) => kind).values()].map((ofKind) => summaryOf(ofKind.at(-1) as Outcome)),
  };
}

const PROBLEMS = ['fail', 'error', 'warn'] as const;

/** Worst first; those that another one explains count as skipped. */
const problemsOf = ({ findings }: Examination): readonly StatusProblem[] =>
  PROBLEMS.flatMap((wanted) =>
    findings.flatMap(({ id, verdict, title, detail }) =>
      verdict === wanted ? [{ id, verdict: wanted, title, detail }] : [],
    ),
  );

const summaryOf = ({ kind, startedAt, tookMs, consistency, wouldBe, frozenMs, faults }: Outcome): RunSummary => ({
  kind,
  startedAt,
  tookMs,
  consistency: wouldBe ?? consistency,
  frozenMs,
  faults: faults.length,
});

/** The past is the lesser part of what there is to tell. */
async function historyOf(system: System, log: Log): Promise<readonly Outcome[]> {
  try {
    return await readHistory(system);
  } catch (error) {
    log.warn(`the history cannot be read: ${messageOf(error)}`);
    return [];
  }
}
