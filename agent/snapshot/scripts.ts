/** The pre and post scripts of a snapshot: what there is to run, and the phase that runs it. */
export { type AzureScripts, readAzureScripts } from './scripts/azure.ts';
export { type ConfiguredScripts, configScript } from './scripts/config.ts';
export type { HowItWent, LeaveOptions, Leaving, PrepareOptions, PreparePhase } from './scripts/contract.ts';
export { type Hooks, readHooks } from './scripts/hooks.ts';
export { INTERRUPTED } from './scripts/leave.ts';
export { fromOwed, preparePhase, scriptProblems } from './scripts/prepare.ts';
export type { ScriptResult } from './scripts/run-script.ts';
export { type OwedScript, type Script, ScriptError, type ScriptStage } from './scripts/script.ts';
