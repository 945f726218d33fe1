import type { Config } from '../config/schema.ts';
import { messageOf, UserError } from '../errors.ts';
import type { Log } from '../log.ts';
import { changeProxy, type ProxyParts, previewProxy } from './change.ts';
import { settleUnlessBusy } from './settle.ts';
import { fromConfig } from './sources.ts';

export interface KeepParts extends ProxyParts {
  readonly log: Log;
  readonly config: Pick<Config, 'proxy'>;
}

/**
 * What the daemon does at its start, and before each readiness run: ends what a killed process left, and where [proxy]
 * says `manage = yes`, finds what is not as it is set there, reports it, and mends it unless a backup is under way.
 * Never throws: what could not be done is a line in the log, and is found again next time.
 */
export async function keepProxy(parts: KeepParts): Promise<void> {
  const { log, config } = parts;
  try {
    for (const { message } of await settleUnlessBusy(parts, 'quiesced daemon')) log.warn(message);
    const wanted = config.proxy.manage ? fromConfig(config) : undefined;
    if (wanted === undefined) return;
    const request = { do: 'apply' as const, wanted, packages: false };
    // Most of the time it is as it should be: then nobody is kept waiting at the lock.
    const { steps } = await previewProxy(parts, request, 'others');
    if (steps.length === 0) return;
    log.warn('the proxy is not as [proxy] says', { files: steps.map(({ path }) => path).join(' ') });
    const { runs } = await changeProxy(parts, request, 'others');
    log.info('the proxy is as [proxy] says again', { ran: runs.map(({ argv }) => argv.join(' ')).join('; ') });
  } catch (error) {
    const remedy = error instanceof UserError ? error.remedy : undefined;
    log.warn(`the proxy was left as it is: ${messageOf(error)}`, { remedy });
  }
}
