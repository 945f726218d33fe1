/** The pre and post scripts of a snapshot: the phase that runs what `agent/scripts/` has read. */
export type { HowItWent, LeaveOptions, Leaving, PrepareOptions, PreparePhase } from './scripts/contract.ts';
export { INTERRUPTED } from './scripts/leave.ts';
export { fromOwed, preparePhase } from './scripts/prepare.ts';
export type { ScriptResult } from './scripts/run-script.ts';
