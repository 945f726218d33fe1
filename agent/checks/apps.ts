import { databaseChecks } from './apps-databases.ts';
import { policyIsObeyed, timeIsEnough } from './apps-policy.ts';
import { nothingIsOwed } from './apps-record.ts';
import { wasRehearsed } from './apps-rehearsal.ts';
import { scriptConfigIsValid, scriptsAreSafe } from './apps-scripts.ts';
import { scriptsCanStart } from './apps-shebang.ts';
import { workloadIsHonoured } from './apps-workload.ts';
import type { Check } from './check.ts';

/** Everything about applications and the scripts that hold them. */
export const appChecks: readonly Check[] = [
  scriptConfigIsValid,
  scriptsAreSafe,
  scriptsCanStart,
  timeIsEnough,
  policyIsObeyed,
  ...databaseChecks,
  workloadIsHonoured,
  nothingIsOwed,
  wasRehearsed,
];
