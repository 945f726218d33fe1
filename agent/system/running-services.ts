import { registryOf } from './registry.ts';
import type { System } from './system.ts';

const SERVICES = 'HKLM\\SYSTEM\\CurrentControlSet\\Services';

/** Services that run now and whose name, which is no text of a language, fits. */
export async function runningServices(system: System, pattern: RegExp): Promise<readonly string[]> {
  const names = (await registryOf(system).keys(SERVICES)).filter((name) => pattern.test(name));
  const states = await Promise.all(names.map((name) => system.services?.read(name)));
  return names.filter((_, at) => states[at]?.state === 'running');
}

/** Instances of SQL Server: the default one, and those with a name. */
export const SQL_SERVER = /^MSSQL(SERVER$|\$)/i;
