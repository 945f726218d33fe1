import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../errors.ts';
import type { DatabaseInstance } from '../system/database-instances.ts';
import type { HeldClient } from './client.ts';
import { defineAlike, pickInstance } from './kind.ts';
import { connect, MYSQL_KEYS, meant, SERVES } from './mysql-client.ts';
import { factsOf, type MysqlFacts, type Way } from './mysql-facts.ts';
import type { ConfiguredQuiescer } from './quiescer.ts';
import { query, queryValue } from './sql.ts';

export const [mysql, mariadb] = defineAlike(SERVES, {
  keys: MYSQL_KEYS,
  create(kind, parts, settings) {
    const { id, holdMs, onFailure } = parts;
    const pick = (instances: readonly DatabaseInstance[]) => pickInstance(instances, SERVES, meant(settings));
    let client: HeldClient | undefined;
    let facts: MysqlFacts | undefined;

    const quiescer: ConfiguredQuiescer = {
      id,
      title: parts.title,
      kind,
      holdMs,
      ...(onFailure === undefined ? {} : { onFailure }),
      pick,
      get folders() {
        return facts?.folders ?? [];
      },
      async detect(signal) {
        const own = await connect(kind, parts, settings, pick);
        try {
          const found = await factsOf(parts.system, own, signal);
          const way = found.wayFor(settings.lock);
          return {
            version: found.version,
            blocks: way === 'stage' ? 'commits' : 'writes',
            how: HOW[way].join('; '),
            missing: found.missing(way),
            stale: found.stale,
            folders: found.folders,
            longestSeconds: found.longestSeconds,
          };
        } finally {
          await own.close();
        }
      },
      async hold(signal) {
        client = await connect(kind, parts, settings, pick);
        facts = await factsOf(parts.system, client, signal);
        const way = facts.wayFor(settings.lock);
        const [missing] = facts.missing(way);
        if (missing !== undefined) throw new UserError('quiescer.missing', missing.what, { remedy: missing.remedy });
        // Everybody who writes waits behind one who waits for this lock.
        await query(client, `SET SESSION lock_wait_timeout = ${Math.ceil(parts.lockWaitMs / 1000)}`, signal);
        for (const statement of HOW[way]) await query(client, statement, signal);
        await logIsWritten(client, signal);
      },
      async verify(signal) {
        if (client === undefined || facts === undefined) throw new Error('it was not held');
        // These locks end with their session and not before, and a client that connected anew would be another one.
        const now = await queryValue(client, 'SELECT CONNECTION_ID()', signal);
        if (now !== facts.connection) throw new Error('the session that held the lock is gone');
      },
      async release(signal) {
        const own = client;
        client = undefined;
        try {
          if (own !== undefined && facts !== undefined) {
            for (const statement of UNDO[facts.wayFor(settings.lock)]) await query(own, statement, signal);
          }
        } catch {
          // A session that is not there any more, or waits in vain, is ended with its client: so is its lock.
        } finally {
          await own?.close();
        }
      },
    };
    return quiescer;
  },
});

const WRITE_OUT = 'FLUSH NO_WRITE_TO_BINLOG ENGINE LOGS';

/**
 * BLOCK_COMMIT is MariaDB's own recipe for snapshots of storage: https://mariadb.com/kb/en/backup-stage/.
 * The instance lock keeps tables from being created and changed meanwhile: MySQL 8, "LOCK INSTANCE FOR BACKUP". At last
 * what was acknowledged and is still in memory is written, as far as the server does so when it is told: `logIsWritten`.
 */
const HOW: Readonly<Record<Way, readonly string[]>> = {
  stage: ['BACKUP STAGE START', 'BACKUP STAGE BLOCK_COMMIT', WRITE_OUT],
  instance: ['LOCK INSTANCE FOR BACKUP', 'FLUSH TABLES WITH READ LOCK', WRITE_OUT],
  tables: ['FLUSH TABLES WITH READ LOCK', WRITE_OUT],
};
const UNDO: Readonly<Record<Way, readonly string[]>> = {
  stage: ['BACKUP STAGE END'],
  instance: ['UNLOCK TABLES', 'UNLOCK INSTANCE'],
  tables: ['UNLOCK TABLES'],
};

const LOOK_MS = 50;

/**
 * With innodb_flush_log_at_trx_commit = 0 commits that were acknowledged are in memory for up to a second, and MariaDB's
 * FLUSH ENGINE LOGS does nothing about it (innobase_flush_logs). Its log is written in the background meanwhile, as far as
 * it went when the lock was there. MySQL has no such counters, and flushes.
 */
async function logIsWritten(client: HeldClient, signal: AbortSignal): Promise<void> {
  if ((await queryValue(client, 'SELECT @@GLOBAL.innodb_flush_log_at_trx_commit', signal)) !== '0') return;
  const position = async (name: 'current' | 'flushed'): Promise<number> =>
    Number((await query(client, `SHOW GLOBAL STATUS LIKE 'Innodb_lsn_${name}'`, signal))[0]?.[1] ?? 0);
  const end = await position('current');
  while ((await position('flushed')) < end) await sleep(LOOK_MS, undefined, { signal });
}
