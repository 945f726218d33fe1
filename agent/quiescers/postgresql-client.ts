import { dirname } from 'node:path';
import type { SectionOf } from '../config/schema.ts';
import { accountOf, noSuchAccount } from '../system/account.ts';
import type { DatabaseInstance } from '../system/database-instances.ts';
import type { Platform } from '../system/system.ts';
import { type ClientOptions, type HeldClient, openClient } from './client.ts';
import { assertUnread, clientOnWindows } from './clients-windows.ts';
import type { QuiescerParts } from './kind.ts';
import { LOOPBACK, portOnWindows } from './port-windows.ts';
import type { ConfiguredQuiescer } from './quiescer.ts';
import { query } from './sql.ts';

export const POSTGRESQL_KEYS = {
  mode: {
    type: 'choice',
    of: ['checkpoint', 'backup'],
    default: 'checkpoint',
    about: 'checkpoint: the freeze makes the copy. backup: pg_backup_start, and WAL archiving is needed to restore.',
  },
  user: {
    type: 'text',
    only: { platform: 'linux', instead: 'Remove it: psql runs as the service does. For the role write db-user.' },
    example: 'postgres',
    about: "User of the system that psql runs as; as a rule the server's.",
  },
  'socket-folder': {
    type: 'path',
    only: { platform: 'linux', instead: 'Name its port: port = NUMBER.' },
    example: '/run/postgresql',
    about: 'Folder of the socket of the server.',
  },
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
  'password-file': {
    type: 'path',
    only: { platform: 'windows', instead: 'Use .pgpass in the home folder of the user that psql runs as.' },
    example: 'C:\\ProgramData\\quiesced\\pgpass.conf',
    about: 'Password file of psql: HOST:PORT:DATABASE:ROLE:PASSWORD.',
  },
  client: { type: 'path', example: '/usr/lib/postgresql/17/bin/psql', about: 'The psql to use.' },
} as const;

export type PostgresqlSettings = SectionOf<typeof POSTGRESQL_KEYS>;

/** Which of several is meant; undefined where the settings leave it open. */
export const meant = ({ socketFolder, port }: PostgresqlSettings, platform: Platform) => {
  if (socketFolder === undefined && port === 0) return undefined;
  if (platform === 'windows') return ({ ports }: DatabaseInstance) => ports.includes(port);
  return ({ sockets, ports }: DatabaseInstance) =>
    sockets.some((path) => socketFolder === undefined || dirname(path) === socketFolder) &&
    (port === 0 || ports.includes(port) || sockets.some((path) => path.endsWith(`.${port}`)));
};

/** psql, connected, and kept from whatever others may have made in the database. */
export async function connect(
  parts: QuiescerParts,
  settings: PostgresqlSettings,
  pick: ConfiguredQuiescer['pick'],
  signal: AbortSignal,
): Promise<HeldClient> {
  const { system, self, lifeMs } = parts;
  const access = await (system.platform === 'windows' ? accessOnWindows : accessOnLinux)(parts, settings, pick);
  const options = Object.entries({ ...access.options, dbname: settings.database ?? 'postgres' });
  const client = await openClient(system, {
    self,
    argv: [
      access.program,
      ...PLAIN,
      ...options.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`])),
    ],
    env: {
      PGCONNECT_TIMEOUT: '10',
      PGAPPNAME: 'quiesced',
      ...access.env,
      ...(settings.password === undefined ? {} : { PGPASSWORD: settings.password }),
    },
    account: access.account,
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

/** How psql gets in: which one, with what options, and as whom. */
interface Access extends Pick<ClientOptions, 'env' | 'account'> {
  readonly program: string;
  readonly options: Readonly<Record<'host' | 'port' | 'username', string | undefined>>;
}

async function accessOnLinux(
  { system, instances }: QuiescerParts,
  settings: PostgresqlSettings,
  pick: ConfiguredQuiescer['pick'],
): Promise<Access> {
  const instance = settings.host === undefined ? pick(await instances()) : undefined;
  const socket = instance?.sockets.find((path) => /\/\.s\.PGSQL\.\d+$/.test(path));
  const host = settings.host ?? settings.socketFolder ?? (socket === undefined ? undefined : dirname(socket));
  const port = settings.port === 0 ? /\d+$/.exec(socket ?? '')?.[0] : String(settings.port);
  const user = settings.user ?? instance?.uid ?? 'postgres';
  const account = await accountOf(system, user);
  if (account === undefined) throw noSuchAccount(String(user));
  return { program: settings.client ?? 'psql', options: { host, port, username: settings.dbUser }, account };
}

/** As LocalSystem or an administrator, whose names are no role: the one that every server has. */
async function accessOnWindows(
  parts: QuiescerParts,
  settings: PostgresqlSettings,
  pick: ConfiguredQuiescer['pick'],
): Promise<Access> {
  const { system } = parts;
  const port = await portOnWindows(parts, settings, pick, ['postgresql']);
  await assertUnread(system, settings.passwordFile);
  return {
    program: settings.client ?? (await clientOnWindows(system, PSQL)),
    options: {
      host: settings.host ?? LOOPBACK,
      port: port === undefined ? undefined : String(port),
      username: settings.dbUser ?? 'postgres',
    },
    env: {
      // Where its data are may be in any language; it would be told in that of the server.
      PGCLIENTENCODING: 'UTF8',
      ...(settings.passwordFile === undefined ? {} : { PGPASSFILE: settings.passwordFile }),
    },
  };
}

/** As its installer has them: https://www.postgresql.org/download/windows/. */
const PSQL = [{ above: 'PostgreSQL', version: /^\d/, programs: ['psql.exe'] }] as const;

/**
 * We may be the superuser, and whoever may create a function in a schema that is searched could have us run it: one that
 * fits its arguments better than the server's own is taken instead (CVE-2018-1058).
 */
const ONLY_BUILT_IN = "SELECT pg_catalog.set_config('search_path', 'pg_catalog', false)";

/** Bare rows with tabs between columns, no start-up file, no question, and an end at the first error. */
const PLAIN = ['-X', '-q', '-A', '-t', '-F', '\t', '-w', '-v', 'ON_ERROR_STOP=1'] as const;
