import { registryOf, registryText } from '../system/registry.ts';
import type { System } from '../system/system.ts';

/** The boot configuration, which is a hive of the registry; numbers are those of BcdOSLoaderElementTypes. */
const OBJECTS = 'HKLM\\BCD00000000\\Objects';
const BOOT_MANAGER = '{9dea862c-5cdd-4e70-acc1-f32b344d4795}';
const DEFAULT_OBJECT = '23000003';
const EMS_ENABLED = '260000b0';

/** Whether the Windows that is started by default has its serial console, Emergency Management Services. */
export interface SerialConsole {
  /** Its object in the boot configuration, a GUID in braces. */
  readonly loader: string;
  readonly on: boolean;
}

/** Undefined where the boot configuration names no default. */
export async function serialConsoleOf(system: System): Promise<SerialConsole | undefined> {
  const loader = await registryText(system, `${OBJECTS}\\${BOOT_MANAGER}\\Elements\\${DEFAULT_OBJECT}\\Element`);
  if (loader === undefined) return undefined;
  const ems = await registryOf(system).read(`${OBJECTS}\\${loader}\\Elements\\${EMS_ENABLED}\\Element`);
  return { loader, on: ems?.type === 'binary' && /^0*1/.test(ems.data) };
}
