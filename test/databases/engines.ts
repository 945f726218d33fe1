import type { Engine } from './engine.ts';
import { mariadb } from './engine-mariadb.ts';
import { postgresql } from './engine-postgresql.ts';
import { redis } from './engine-redis.ts';
import { sqlite } from './engine-sqlite.ts';

const checkpoint = postgresql('PostgreSQL, checkpoint');
const held = [
  mariadb('MariaDB, BACKUP STAGE', 'stage'),
  mariadb('MariaDB, FLUSH TABLES WITH READ LOCK', 'tables'),
  redis('Redis, append-only file', 'aof'),
  sqlite('SQLite, BEGIN IMMEDIATE'),
];

/** Every kind of files, in every way in which they are held. */
export const engines: readonly Engine[] = [
  checkpoint,
  ...held,
  mariadb('MariaDB, BACKUP STAGE, its log written once a second', 'stage', ['--innodb-flush-log-at-trx-commit=0']),
  redis('Redis, saves alone', 'rdb'),
];

/** Held by a state of the server, which must be over when we are. */
export const backupMode: Engine = postgresql('PostgreSQL, pg_backup_start', 'mode = backup\n', [
  'archive_mode=on',
  'archive_command=true',
]);

/** Every way in which something is held until we let it go; a checkpoint holds nothing. */
export const holding: readonly Engine[] = [backupMode, ...held];
