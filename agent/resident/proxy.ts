import type { Config } from '../config/schema.ts';
import type { Agent } from '../daemon.ts';
import { messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { System } from '../system/system.ts';

export interface ProxyKeeping {
  readonly system: System;
  readonly log: Log;
  readonly load: () => Promise<Agent>;
}

const NOT_MANAGED: Config['proxy'] = { url: undefined, bypass: [], endpoints: [], manage: false };

/** Ends what a killed `quiesced proxy` has left half done. */
export const settleProxy = ({ system, log }: Omit<ProxyKeeping, 'load'>): Promise<void> =>
  keep(system, log, NOT_MANAGED);

/** The same, and what [proxy] has us keep as it says. */
export async function keepProxy({ system, log, load }: ProxyKeeping): Promise<void> {
  const proxy = await load().then(
    ({ config }) => config.proxy,
    (error: unknown) => {
      log.warn(`[proxy] is not looked at: ${messageOf(error)}`);
      return NOT_MANAGED;
    },
  );
  await keep(system, log, proxy);
}

/** The code is loaded only where it has something to do: an idle daemon stays small. */
async function keep(system: System, log: Log, proxy: Config['proxy']): Promise<void> {
  const { recordFolder } = await import('../proxy/record.ts');
  const known = await system.list(recordFolder(system)).catch(() => undefined);
  if (!proxy.manage && (known ?? []).length === 0) return;
  const { keepProxy } = await import('../proxy/keep.ts');
  const { backupUnderWay } = await import('../backup-under-way.ts');
  await keepProxy({ system, log, config: { proxy }, backupUnderWay: () => backupUnderWay(system) });
}
