import { setTimeout as sleep } from 'node:timers/promises';
import type { SectionOf } from '../config/schema.ts';
import { UserError } from '../errors.ts';
import { accountOf, noSuchAccount } from '../system/account.ts';
import type { DatabaseInstance } from '../system/database-instances.ts';
import { whyNotFound } from '../system/spawn.ts';
import { type HeldClient, openClient } from './client.ts';
import { defineAlike, pickInstance, type QuiescerParts } from './kind.ts';
import { factsOf, type MysqlFacts, type Way } from './mysql-facts.ts';
import type { ConfiguredQuiescer } from './quiescer.ts';
import { query, queryValue } from './sql.ts';

const KEYS = {
  lock: {
    type: 'choice',
    of: ['auto', 'stage', 'tables'],
    default: 'auto',
    about:
      'stage: BACKUP STAGE BLOCK_COMMIT (MariaDB from 10.4.1). tables: FLUSH TABLES WITH READ LOCK. auto: the best there is.',
  },
  socket: { type: 'path', example: '/run/mysqld/mysqld.sock', about: 'Socket of the server.' },
  host: { type: 'text', example: '127.0.0.1', about: 'Host to connect to, where there is no socket.' },
  port: { type: 'count', default: '0', min: 0, max: 65535, about: 'TCP port; 0: as the option files say.' },
  'option-file': {
    type: 'path',
    example: '/etc/quiesced/mysql.cnf',
    about: 'Option file with [client] user and password; ~/.my.cnf is read by itself.',
  },
  'login-path': { type: 'text', example: 'backup', about: 'Entry of mysql_config_editor; MySQL only.' },
  'db-user': { type: 'text', example: 'backup', about: 'Account to connect as; as a rule root, by its socket.' },
  password: { type: 'text', secret: true, example: '…', about: 'Where neither the socket nor an option file will do.' },
  user: { type: 'text', example: 'mysql', about: 'User of the system that the client runs as (root).' },
  client: { type: 'path', example: '/usr/bin/mysql', about: 'The client to use.' },
} as const;

type Settings = SectionOf<typeof KEYS>;

/** Either server calls itself mysqld somewhere, so both kinds take both; which it is, it says itself. */
const SERVES = ['mysql', 'mariadb'] as const;

export const [mysql, mariadb] = defineAlike(SERVES, {
  platforms: ['linux'],
  keys: KEYS,
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
        const own = await connect(parts, settings, pick);
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
        client = await connect(parts, settings, pick);
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

const meant = ({ socket, port }: Settings) =>
  socket === undefined && port === 0
    ? undefined
    : ({ sockets, ports }: DatabaseInstance) =>
        (socket === undefined || sockets.includes(socket)) && (port === 0 || ports.includes(port));

async function connect(
  { system, self, instances, lifeMs }: QuiescerParts,
  settings: Settings,
  pick: ConfiguredQuiescer['pick'],
): Promise<HeldClient> {
  const account = await accountOf(system, settings.user ?? 'root');
  if (account === undefined) throw noSuchAccount(settings.user ?? 'root');
  // An option file would decide over what was found, so what was found is said; what it says itself comes first.
  const found = settings.host === undefined ? pick(await instances()) : undefined;
  const socket =
    settings.socket ??
    (settings.optionFile === undefined ? found?.sockets.find((path) => !path.endsWith('x.sock')) : undefined);
  const first = { 'defaults-extra-file': settings.optionFile, 'login-path': settings.loginPath };
  const rest = {
    ...(settings.host === undefined ? { socket } : { host: settings.host, protocol: 'tcp' }),
    port: settings.port === 0 ? undefined : String(settings.port),
    user: settings.dbUser,
  };
  return openClient(system, {
    self,
    argv: [settings.client ?? clientFor(found), ...argumentsOf(first), ...PLAIN, ...argumentsOf(rest)],
    ...(settings.password === undefined ? {} : { env: { MYSQL_PWD: settings.password } }),
    account,
    lifeMs,
  });
}

const argumentsOf = (options: Readonly<Record<string, string | undefined>>): readonly string[] =>
  Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`]));

/**
 * Bare rows as they come, an end at the first error, and never a second session behind our back. Said here because an
 * option file may say otherwise: with `force` the client would go on, and every question after a lock that was refused
 * would still be answered.
 */
const PLAIN = [
  '--batch',
  '--skip-column-names',
  '--unbuffered',
  '--skip-reconnect',
  '--skip-force',
  '--skip-local-infile',
  '--connect-timeout=10',
] as const;

const clientFor = (instance: DatabaseInstance | undefined): string => {
  const [best, other] = instance?.kind === 'mysql' ? ['mysql', 'mariadb'] : ['mariadb', 'mysql'];
  return whyNotFound(best) === undefined ? best : other;
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
