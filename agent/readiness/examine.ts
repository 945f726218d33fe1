import type { Check, CheckContext, Finding } from '../checks/check.ts';
import { type Report, readiness } from '../checks/report.ts';
import { type ExpectationParts, expectOf } from './evidence.ts';
import type { Expected } from './expected.ts';

/** Whether this machine would come through a backup, and what that would be worth: the JSON of `check --json`. */
export interface Examination extends Report {
  readonly expected: Expected;
}

export interface ExamineRequest {
  /** All of them when left out. */
  readonly checks?: readonly Check[];
  readonly onFinding?: (finding: Finding) => void;
  readonly restoringTo?: CheckContext['restoringTo'];
  readonly configFault?: ExpectationParts['configFault'];
}

/** Looks only: every check, and beside them what a snapshot would be worth. */
export async function examine(
  { self, ...parts }: Omit<ExpectationParts, 'configFault'> & Pick<CheckContext, 'self'>,
  { configFault, ...options }: ExamineRequest,
): Promise<Examination> {
  const [report, expected] = await Promise.all([
    readiness(parts.system, { ...options, self }),
    expectOf(configFault === undefined ? parts : { ...parts, configFault }),
  ]);
  return { ...report, expected };
}
