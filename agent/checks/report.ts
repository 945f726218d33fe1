import { type Facts, type FactsOptions, gatherFacts } from '../system/facts.ts';
import type { System } from '../system/system.ts';
import { allChecks } from './all.ts';
import type { Check, CheckContext, Finding } from './check.ts';
import { runChecks } from './run.ts';
import { type Counts, countsOf, exitCodeOf, type ReportVerdict, verdictOf } from './verdict.ts';

/** Whether this machine would come through a backup: the JSON of `check --json`. */
export interface Report {
  readonly schema: 1;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly durationMs: number;
  readonly facts: Facts;
  readonly verdict: ReportVerdict;
  readonly exitCode: number;
  readonly counts: Counts;
  readonly findings: readonly Finding[];
}

export interface ReadinessOptions extends FactsOptions {
  readonly checks?: readonly Check[];
  readonly restoringTo?: CheckContext['restoringTo'];
  readonly self?: CheckContext['self'];
  readonly onFinding?: (finding: Finding) => void;
}

/** Looks at the machine and runs every check: seconds at most, and nothing is changed. */
export async function readiness(system: System, options: ReadinessOptions = {}): Promise<Report> {
  const startMs = system.clock.monotonicMs();
  const time = system.clock.now().toISOString();
  const facts = await gatherFacts(system, options);
  const { onFinding, restoringTo, self } = options;
  const findings = await runChecks(system, options.checks ?? allChecks, {
    facts,
    restoringTo,
    self,
    ...(onFinding === undefined ? {} : { onFinding }),
  });
  return {
    schema: 1,
    time,
    durationMs: Math.round(system.clock.monotonicMs() - startMs),
    facts,
    verdict: verdictOf(findings),
    exitCode: exitCodeOf(findings),
    counts: countsOf(findings),
    findings,
  };
}
