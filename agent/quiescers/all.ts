import type { QuiescerKind } from './kind.ts';
import { mariadb, mysql } from './mysql.ts';
import { postgresql } from './postgresql.ts';
import { redis, valkey } from './redis.ts';
import { session } from './session.ts';
import { sqlite } from './sqlite.ts';

/** Every application that `[quiescer …]` can name. */
export const quiescerKinds: readonly QuiescerKind[] = [postgresql, mysql, mariadb, redis, valkey, sqlite, session];
