import type { DatabaseInstance } from './database-instances.ts';
import type { DatabaseKind } from './databases.ts';
import type { RunningProgram } from './programs-windows.ts';

/** Those that have no writer of VSS of their own: SQL Server and Oracle are held by whoever makes the shadow copy. */
const SERVERS: Readonly<Record<string, DatabaseKind>> = {
  'mysqld.exe': 'mysql',
  'mariadbd.exe': 'mariadb',
  'postgres.exe': 'postgresql',
  'mongod.exe': 'mongodb',
  'redis-server.exe': 'redis',
  // Redis as it is sold for Windows.
  'memurai.exe': 'redis',
  'valkey-server.exe': 'valkey',
};

/** MySQL's second protocol, which its client does not speak. */
const MYSQL_X = 33_060;

/**
 * The database servers among the processes of Windows, by rising pid. One that has processes of its own name below it, as
 * PostgreSQL and MySQL have, is one server. What does not run as a service, which includes containers, is doubtful.
 */
export function instancesOnWindows(programs: readonly RunningProgram[]): readonly DatabaseInstance[] {
  const servers = programs.filter(({ name }) => Object.hasOwn(SERVERS, name.toLowerCase()));
  const groups = Map.groupBy(servers, (program) => firstOf(program, servers));
  const found = [...groups].map(([{ pid, name, session }, group]) => {
    const kind = SERVERS[name.toLowerCase()] as DatabaseKind;
    const ports = group.flatMap((each) => each.ports).filter((port) => kind !== 'mysql' || port !== MYSQL_X);
    return {
      kind,
      pid,
      name,
      argv: [],
      sockets: [],
      ports: [...new Set(ports)].sort((a, b) => a - b),
      uid: undefined,
      contained: false,
      doubtful: session !== 0,
    };
  });
  return found.sort((a, b) => a.pid - b.pid);
}

/** Whoever began it: upwards, as long as the name is the same. A number that was given anew may lead in a circle. */
function firstOf(program: RunningProgram, servers: readonly RunningProgram[]): RunningProgram {
  const seen = new Set<RunningProgram>();
  let first = program;
  for (
    let above: RunningProgram | undefined = program;
    above !== undefined && !seen.has(above);
    above = servers.find(({ pid, name }) => pid === first.parent && name === program.name)
  ) {
    seen.add(above);
    first = above;
  }
  return first;
}
