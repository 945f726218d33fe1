import { DATABASES, type DatabaseKind } from './databases.ts';
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

/**
 * Servers that have no VSS writer of their own, by the names that their installers give their services. SQL Server and
 * Oracle Database have one.
 */
const WITHOUT_WRITER: readonly (readonly [DatabaseKind, RegExp])[] = [
  ['postgresql', /^postgresql/i],
  ['mysql', /^mysql/i],
  ['mariadb', /^mariadb/i],
  ['mongodb', /^mongodb/i],
  ['redis', /^(redis|memurai)/i],
];

/** The databases that run as services on this Windows and that no shadow copy brings to rest, by their titles. */
export async function databasesWithoutWriter(system: System): Promise<readonly string[]> {
  const any = new RegExp(WITHOUT_WRITER.map(([, pattern]) => pattern.source).join('|'), 'i');
  const running = await runningServices(system, any);
  return WITHOUT_WRITER.flatMap(([kind, pattern]) =>
    running.some((name) => pattern.test(name)) ? [DATABASES[kind]] : [],
  );
}
