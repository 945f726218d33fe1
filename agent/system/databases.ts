import { baseName, type Process, runningProcesses } from './processes.ts';
import type { System } from './system.ts';

/** A database server that runs here. Several of a kind are several instances. */
export interface Database {
  readonly kind: DatabaseKind;
  readonly pid: number;
  /** The program (`mariadbd`), or the instance where the process names it (`ora_pmon_ORCL`). */
  readonly name: string;
  readonly argv: readonly string[];
}

/** For people, by kind; the ids that a later quiescer takes for its own. */
export const DATABASES = {
  mysql: 'MySQL',
  mariadb: 'MariaDB',
  postgresql: 'PostgreSQL',
  mongodb: 'MongoDB',
  redis: 'Redis',
  valkey: 'Valkey',
  oracle: 'Oracle Database',
  'sql-server': 'SQL Server',
  hana: 'SAP HANA',
} as const;
export type DatabaseKind = keyof typeof DATABASES;

export const isDatabaseKind = (name: string | undefined): name is DatabaseKind =>
  name !== undefined && Object.hasOwn(DATABASES, name);

/** Servers whose program alone tells. MariaDB before 10.5 calls itself `mysqld`: only its files would tell them apart. */
const SERVERS: Readonly<Record<string, DatabaseKind>> = {
  mysqld: 'mysql',
  mariadbd: 'mariadb',
  postgres: 'postgresql',
  postmaster: 'postgresql',
  mongod: 'mongodb',
  'redis-server': 'redis',
  'valkey-server': 'valkey',
  sqlservr: 'sql-server',
  hdbindexserver: 'hana',
};

/** Those that run now, by rising pid. */
export const runningDatabases = async (system: System): Promise<readonly Database[]> =>
  databasesAmong(await runningProcesses(system));

/** The same, from processes that were read before. */
export function databasesAmong(processes: readonly Process[]): readonly Database[] {
  const found = processes.flatMap((process) => databaseOf(process) ?? []);
  // The first process of SQL Server only watches the second, which has the same program and arguments.
  return found.filter(
    ({ kind, argv }, at) =>
      kind !== 'sql-server' ||
      found.findIndex((other) => other.kind === kind && other.argv.join('\0') === argv.join('\0')) === at,
  );
}

/** `db_pmon_`, `xe_pmon_` … too: Oracle names its background processes after the edition; ASM's is no database. */
const ORACLE = /^(?!asm)[a-z]{2,3}_pmon_\S+$/;

function databaseOf({ pid, name, argv }: Process): Database | undefined {
  const title = argv[0] ?? '';
  if (ORACLE.test(title)) return { kind: 'oracle', pid, name: title, argv };
  const program = programOf(title);
  const known = [program, name].find((each) => Object.hasOwn(SERVERS, each));
  const kind = known === undefined ? undefined : SERVERS[known];
  if (known === undefined || kind === undefined || isHelper(kind, title)) return undefined;
  return { kind, pid, name: known, argv };
}

/** `/usr/bin/redis-server 127.0.0.1:6379` is one string: Redis and Valkey rewrite their title. */
const programOf = (title: string): string => baseName(title.split(' ', 1)[0] ?? '').replace(/:$/, '');

/** Each server process of PostgreSQL has its task as title, `postgres: walwriter`; the first alone keeps its arguments. */
const isHelper = (kind: DatabaseKind, title: string): boolean => kind === 'postgresql' && /^\S+: /.test(title);
