import { dirname, join } from 'node:path';
import { UserError } from '../errors.ts';
import { accountOf, noSuchAccount } from '../system/account.ts';
import type { DatabaseInstance } from '../system/database-instances.ts';
import { PATHS } from '../system/paths.ts';
import { type HeldClient, openClient } from './client.ts';
import { defineKind, pickInstance, type QuiescerParts } from './kind.ts';
import { factsOf, type PostgresFacts } from './postgresql-facts.ts';
import type { ConfiguredQuiescer } from './quiescer.ts';
import { query, queryValue } from './sql.ts';

const KEYS = {
  mode: {
    type: 'choice',
    of: ['checkpoint', 'backup'],
    default: 'checkpoint',
    about: 'checkpoint: the freeze makes the copy. backup: pg_backup_start, and WAL archiving is needed to restore.',
  },
  user: { type: 'text', example: 'postgres', about: "User of the system that psql runs as; as a rule the server's." },
  'socket-folder': { type: 'path', example: '/run/postgresql', about: 'Folder of the socket of the server.' },
  host: { type: 'text', example: '127.0.0.1', about: 'Host to connect to, where there is no socket.' },
  port: {
    type: 'count',
    default: '0',
    min: 0,
    max: 65535,
    about: 'Port, also in the name of the socket; 0: the only one here.',
  },
  'db-user': { type: 'text', example: 'backup', about: 'Role to connect as; as a rule the name of the user.' },
  database: { type: 'text', example: 'postgres', about: 'Database to connect to; nothing in it is read.' },
  password: {
    type: 'text',
    secret: true,
    example: '…',
    about: 'Where neither peer authentication nor ~/.pgpass will do.',
  },
  client: { type: 'path', example: '/usr/lib/postgresql/17/bin/psql', about: 'The psql to use.' },
} as const;

/**
 * PostgreSQL is made to be copied by an instant: all its files frozen at one moment are what a crash leaves, and it
 * recovers from that with every transaction that was acknowledged (documentation, "File System Level Backup"). So by
 * default nothing is blocked but by the freeze; the checkpoint before it keeps that recovery short.
 */
export const postgresql = defineKind({
  id: 'postgresql',
  title: 'PostgreSQL',
  platforms: ['linux'],
  serves: ['postgresql'],
  keys: KEYS,
  create(parts, settings) {
    const { system, id, title, holdMs, onFailure } = parts;
    const pick = (instances: readonly DatabaseInstance[]) => pickInstance(instances, ['postgresql'], meant(settings));
    let client: HeldClient | undefined;
    let folders: readonly string[] = [];
    let facts: PostgresFacts | undefined;
    const open = (signal: AbortSignal) => connect(parts, settings, pick, signal);

    const quiescer: ConfiguredQuiescer = {
      id,
      title,
      kind: 'postgresql',
      holdMs,
      ...(onFailure === undefined ? {} : { onFailure }),
      pick,
      get folders() {
        return folders;
      },
      async detect(signal) {
        const own = await open(signal);
        try {
          const found = await factsOf(system, own, signal);
          return {
            version: found.version,
            blocks: 'nothing',
            how: settings.mode === 'backup' ? 'pg_backup_start, then the freeze' : 'CHECKPOINT, then the freeze',
            missing: found.missing(settings.mode),
            stale: found.stale,
            folders: found.folders,
            longestSeconds: found.longestSeconds,
          };
        } finally {
          await own.close();
        }
      },
      async hold(signal) {
        client = await open(signal);
        facts = await factsOf(system, client, signal);
        folders = facts.folders;
        const [missing] = facts.missing(settings.mode);
        if (missing !== undefined) throw new UserError('quiescer.missing', missing.what, { remedy: missing.remedy });
        await query(client, `SET statement_timeout = ${Math.round(holdMs)}`, signal);
        if (settings.mode === 'checkpoint') await query(client, 'CHECKPOINT', signal);
        else await query(client, startBackup(facts.number), signal);
      },
      async verify(signal) {
        if (client === undefined || facts === undefined) throw new Error('it was not held');
        if (settings.mode === 'backup') await stopBackup(parts, client, facts.number, signal);
        // The same session: it would not be there if the server had gone, or anybody had ended it.
        const started = await queryValue(client, 'SELECT pg_catalog.pg_postmaster_start_time()', signal);
        if (started !== facts.startedAt) throw new Error('the server was restarted meanwhile');
      },
      async release() {
        await client?.close();
        client = undefined;
      },
    };
    return quiescer;
  },
});

type Settings = Parameters<typeof meant>[0] & {
  readonly user: string | undefined;
  readonly host: string | undefined;
  readonly dbUser: string | undefined;
  readonly database: string | undefined;
  readonly password: string | undefined;
  readonly client: string | undefined;
};

/** Which of several is meant; undefined where the settings leave it open. */
const meant = (settings: { readonly socketFolder: string | undefined; readonly port: number }) =>
  settings.socketFolder === undefined && settings.port === 0
    ? undefined
    : ({ sockets, ports }: DatabaseInstance) =>
        sockets.some((path) => settings.socketFolder === undefined || dirname(path) === settings.socketFolder) &&
        (settings.port === 0 ||
          ports.includes(settings.port) ||
          sockets.some((path) => path.endsWith(`.${settings.port}`)));

async function connect(
  { system, self, instances, lifeMs }: QuiescerParts,
  settings: Settings,
  pick: ConfiguredQuiescer['pick'],
  signal: AbortSignal,
): Promise<HeldClient> {
  const instance = settings.host === undefined ? pick(await instances()) : undefined;
  const socket = instance?.sockets.find((path) => /\/\.s\.PGSQL\.\d+$/.test(path));
  const folder = settings.host ?? settings.socketFolder ?? (socket === undefined ? undefined : dirname(socket));
  const port = settings.port === 0 ? /\d+$/.exec(socket ?? '')?.[0] : String(settings.port);
  const user = settings.user ?? instance?.uid ?? 'postgres';
  const account = await accountOf(system, user);
  if (account === undefined) throw noSuchAccount(String(user));
  const options = Object.entries({
    host: folder,
    port,
    username: settings.dbUser,
    dbname: settings.database ?? 'postgres',
  });
  const client = await openClient(system, {
    self,
    argv: [
      settings.client ?? 'psql',
      ...PLAIN,
      ...options.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`])),
    ],
    env: {
      PGCONNECT_TIMEOUT: '10',
      PGAPPNAME: 'quiesced',
      ...(settings.password === undefined ? {} : { PGPASSWORD: settings.password }),
    },
    account,
    lifeMs,
  });
  try {
    await query(client, ONLY_BUILT_IN, signal);
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}

/**
 * We may be the superuser, and whoever may create a function in a schema that is searched could have us run it: one that
 * fits its arguments better than the server's own is taken instead (CVE-2018-1058).
 */
const ONLY_BUILT_IN = "SELECT pg_catalog.set_config('search_path', 'pg_catalog', false)";

/** Bare rows with tabs between columns, no start-up file, no question, and an end at the first error. */
const PLAIN = ['-X', '-q', '-A', '-t', '-F', '\t', '-w', '-v', 'ON_ERROR_STOP=1'] as const;

/** Renamed in 15: https://www.postgresql.org/docs/15/release-15.html. Neither waits for a checkpoint that is spread out. */
const startBackup = (number: number): string =>
  number >= 150_000
    ? "SELECT pg_catalog.pg_backup_start('quiesced', fast => true)"
    : "SELECT pg_catalog.pg_start_backup('quiesced', true, false)";

/**
 * The stop is the proof: it is refused where the backup has not lasted. The label it gives belongs to the copy, which is
 * corrupt without it, so it is kept beside our records.
 */
async function stopBackup({ system, id }: QuiescerParts, client: HeldClient, number: number, signal: AbortSignal) {
  const stop =
    number >= 150_000
      ? 'pg_catalog.pg_backup_stop(wait_for_archive => false)'
      : 'pg_catalog.pg_stop_backup(false, false)';
  const hex = (column: string) =>
    `pg_catalog.encode(pg_catalog.convert_to(coalesce(${column}, ''), 'UTF8'::pg_catalog.name), 'hex')`;
  const [row] = await query(client, `SELECT ${hex('labelfile')}, ${hex('spcmapfile')} FROM ${stop}`, signal);
  const [label = '', map = ''] = (row ?? []).map((text) => Buffer.from(text, 'hex').toString('utf8'));
  if (label === '') throw new Error('pg_backup_stop gave no label');
  const folder = join(PATHS[system.platform].state, 'labels', id);
  await system.makeDir(folder, 0o700);
  await system.write(join(folder, 'backup_label'), label, { mode: 0o600 });
  await system.write(join(folder, 'tablespace_map'), map, { mode: 0o600 });
}
