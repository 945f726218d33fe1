import t from 'tap';
import { type DatabaseKind, databasesAmong } from '../../../agent/system/databases.ts';
import type { Process } from '../../../agent/system/processes.ts';
import { array, assert, property, string } from '../../fast-check.ts';

let pid = 100;
const process = (name: string, ...argv: readonly string[]): Process => {
  pid += 1;
  return { pid, name, argv };
};
const kinds = (...processes: readonly Process[]): readonly DatabaseKind[] =>
  databasesAmong(processes).map(({ kind }) => kind);

t.test('which server is which', async (t) => {
  for (const [kind, given] of [
    ['mysql', process('mysqld', '/usr/sbin/mysqld')],
    ['mariadb', process('mariadbd', '/usr/sbin/mariadbd', '--basedir=/usr')],
    ['postgresql', process('postgres', '/usr/lib/postgresql/15/bin/postgres', '-D', '/var/lib/postgresql/15/main')],
    ['postgresql', process('postmaster', '/usr/bin/postmaster', '-D', '/var/lib/pgsql/data')],
    ['mongodb', process('mongod', '/usr/bin/mongod', '--config', '/etc/mongod.conf')],
    ['redis', process('redis-server', '/usr/bin/redis-server 127.0.0.1:6379')],
    ['valkey', process('valkey-server', '/usr/bin/valkey-server *:6379')],
    ['oracle', process('ora_pmon_orcl', 'ora_pmon_ORCL')],
    ['oracle', process('db_pmon_freecdb', 'db_pmon_FREECDB')],
    ['oracle', process('xe_pmon_xe', 'xe_pmon_XE')],
    ['sql-server', process('sqlservr', '/opt/mssql/bin/sqlservr')],
    ['hana', process('hdbindexserver', 'hdbindexserver', '-port', '30003')],
    ['mysql', process('main', '/opt/mysql/bin/mysqld')],
  ] as const) {
    t.strictSame(kinds(given), [kind], given.argv.join(' '));
  }
});

t.test('what is none', async (t) => {
  for (const given of [
    process('mysql', 'mysql', '-u', 'root'),
    process('mysqld_safe', '/bin/sh', '/usr/bin/mysqld_safe'),
    process('postgres', 'postgres: 15/main: checkpointer '),
    process('postgres', 'postgres: walwriter   '),
    process('vim', 'vim', '/usr/sbin/mysqld'),
    process('asm_pmon_+asm', 'asm_pmon_+ASM'),
    process('redis-sentinel', '/usr/bin/redis-sentinel *:26379'),
    process('constructor', 'constructor'),
    process('kworker/0:1'),
  ]) {
    t.strictSame(kinds(given), [], given.argv.join(' '));
  }
});

t.test('instances', async (t) => {
  const sql = ['/opt/mssql/bin/sqlservr'];
  t.strictSame(
    kinds(process('sqlservr', ...sql), process('sqlservr', ...sql)),
    ['sql-server'],
    'a watcher and its child',
  );
  t.strictSame(
    kinds(process('redis-server', 'redis-server *:1'), process('redis-server', 'redis-server *:2')),
    ['redis', 'redis'],
    'two are two',
  );
});

t.test('whatever runs, each process is one database at most', async (t) => {
  assert(
    property(array(array(string({ unit: 'binary' }))), (all) => {
      const given = all.map((argv, at) => ({ pid: at, name: argv[0] ?? '', argv }));
      return databasesAmong(given).length <= given.length;
    }),
  );
  t.pass();
});
