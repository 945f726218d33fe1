import { defaultConfig, loadConfig } from '../../config/load.ts';
import { createAgent } from '../../daemon.ts';
import { messageOf } from '../../errors.ts';
import { createLog } from '../../log.ts';
import { reside } from '../../resident/resident.ts';
import { openServiceLog } from '../../system/journald.ts';
import { openServiceManager, type ServiceManager } from '../../system/service-manager.ts';
import type { Command, CommandContext } from '../context.ts';
import { versionOf } from '../version.ts';

export const daemon: Command = async (context) => {
  if (!context.given.switches.has('service')) {
    const manager = await openServiceManager(context.system);
    return stay(context, manager, context.signal);
  }
  return (await import('./daemon-service.ts')).asWindowsService(context, stay);
};

/** From start to end; what is thrown is why it could not start. */
export async function stay(
  { system, self, note }: CommandContext,
  manager: ServiceManager,
  signal: AbortSignal,
): Promise<number> {
  const { sink, drained } = await openServiceLog(system, note);
  const given = await loadConfig(system).catch((error: unknown) => ({ error }));
  const level = 'config' in given ? given.config.log.level : 'info';
  const log = createLog(level, sink);
  if ('error' in given) log.error(`going on with the defaults: ${messageOf(given.error)}`);
  // For each job anew: what was changed in the configuration holds from the next one on.
  const load = async () => createAgent(system, log, (await loadConfig(system)).config, self);
  const loadInAnyCase = () =>
    load().catch(async () => createAgent(system, log, await defaultConfig(system.platform), self));
  try {
    await reside({ system, log, manager, self, version: versionOf(), load, loadInAnyCase, signal });
    return 0;
  } catch (error) {
    // Nobody reads what a service of Windows prints.
    if (system.platform === 'windows') log.error(messageOf(error));
    throw error;
  } finally {
    await drained();
    manager.close();
  }
}
