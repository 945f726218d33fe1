import { UserError, usageError } from '../../errors.ts';
import { SERVICE_NAME } from '../../service/windows.ts';
import { becomeWindowsService } from '../../system/service-control-windows.ts';
import type { ServiceManager } from '../../system/service-manager.ts';
import type { CommandContext } from '../context.ts';

/** What the service control manager shows of a service that could not start; 1 for any other reason. Never changed. */
export const SERVICE_EXIT_CODES: Readonly<Record<string, number>> = {
  'folder.unsafe': 10,
  'lock.unusable': 11,
  'control.in-use': 12,
  'control.open-to-others': 13,
};
const OTHER_ERROR = 1;
const BUG = 2;

type Stay = (context: CommandContext, manager: ServiceManager, signal: AbortSignal) => Promise<number>;

/** The daemon as a service of Windows: it says when it runs, is told to stop, and says how it has ended. */
export async function asWindowsService(context: CommandContext, stay: Stay): Promise<number> {
  if (context.system.platform !== 'windows') throw usageError('--service is for Windows', 'daemon');
  const service = await becomeWindowsService(SERVICE_NAME);
  let code = 0;
  try {
    return await stay(context, service.manager, AbortSignal.any([context.signal, service.stop]));
  } catch (error) {
    code = error instanceof UserError ? (SERVICE_EXIT_CODES[error.code] ?? OTHER_ERROR) : BUG;
    throw error;
  } finally {
    await service.stopped(code);
  }
}
