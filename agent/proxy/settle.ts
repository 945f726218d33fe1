import {
  type Note,
  type Subject,
  settleUnlessBusy as settleIfFree,
  settle as settleSubject,
} from '../system/transaction.ts';
import type { ProxyParts } from './change.ts';
import { recordFolder } from './record.ts';
import { RUN_MS, restartsAgent } from './restarts.ts';

/** A restart of the VM agent waits for a backup that it would end. */
export const subjectOf = ({ system, backupUnderWay }: ProxyParts): Subject => ({
  folder: recordFolder(system),
  code: 'proxy',
  name: 'A change of the proxy',
  runMs: RUN_MS,
  whyNotNow: async (runs) => (restartsAgent({ runs, notes: [] }) ? backupUnderWay() : undefined),
});

/** For who does not hold the lock. */
export const settleUnlessBusy = (parts: ProxyParts, command: string): Promise<readonly Note[]> =>
  settleIfFree(parts.system, subjectOf(parts), command);

/** The caller holds the lock. */
export const settle = (parts: ProxyParts): Promise<readonly Note[]> => settleSubject(parts.system, subjectOf(parts));
