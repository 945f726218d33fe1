import { vmAgentChecks } from '../../../agent/checks/vm-agent.ts';
import { groupOf } from './one-check.ts';

export * from './agent-files.ts';
export type { Row } from './one-check.ts';

export const { check, testRows } = groupOf(vmAgentChecks);
