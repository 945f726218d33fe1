import type { Engine } from './engine.ts';
import { mariadb } from './engine-mariadb.ts';
import { postgresql } from './engine-postgresql.ts';
import { redis } from './engine-redis.ts';
import { sqlite } from './engine-sqlite.ts';

/** Every way in which a database is held. */
export const engines: readonly Engine[] = [
  postgresql('PostgreSQL, checkpoint'),
  mariadb('MariaDB, BACKUP STAGE', 'stage'),
  mariadb('MariaDB, FLUSH TABLES WITH READ LOCK', 'tables'),
  mariadb('MariaDB, BACKUP STAGE, its log written once a second', 'stage', ['--innodb-flush-log-at-trx-commit=0']),
  redis('Redis, append-only file', 'aof'),
  redis('Redis, saves alone', 'rdb'),
  sqlite('SQLite, BEGIN IMMEDIATE'),
];

/** Held by a state of the server, which must be over when we are. */
export const backupMode: Engine = postgresql('PostgreSQL, pg_backup_start', 'mode = backup\n', [
  'archive_mode=on',
  'archive_command=true',
]);
