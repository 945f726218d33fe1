import type { SectionOf } from '../config/schema.ts';
import { accountOf, noSuchAccount } from '../system/account.ts';
import type { DatabaseInstance } from '../system/database-instances.ts';
import { whyNotFound } from '../system/spawn.ts';
import { type ClientOptions, type HeldClient, openClient } from './client.ts';
import { assertUnread, clientOnWindows, type Installations } from './clients-windows.ts';
import type { QuiescerParts } from './kind.ts';
import { LOOPBACK, portOnWindows } from './port-windows.ts';
import type { ConfiguredQuiescer } from './quiescer.ts';

export const MYSQL_KEYS = {
  lock: {
    type: 'choice',
    of: ['auto', 'stage', 'tables'],
    default: 'auto',
    about:
      'stage: BACKUP STAGE BLOCK_COMMIT (MariaDB from 10.4.1). tables: FLUSH TABLES WITH READ LOCK. auto: the best there is.',
  },
  socket: {
    type: 'path',
    only: { platform: 'linux', instead: 'Name its port: port = NUMBER, or its named pipe: pipe = NAME.' },
    example: '/run/mysqld/mysqld.sock',
    about: 'Socket of the server.',
  },
  pipe: {
    type: 'text',
    only: { platform: 'windows', instead: 'Name its socket: socket = PATH.' },
    example: 'MySQL',
    about: 'Named pipe of the server, where it has no TCP port.',
  },
  host: { type: 'text', example: '127.0.0.1', about: 'Host to connect to, where there is no socket.' },
  port: { type: 'count', default: '0', min: 0, max: 65535, about: 'TCP port; 0: as the option files say.' },
  'option-file': {
    type: 'path',
    example: '/etc/quiesced/mysql.cnf',
    about: 'Option file with [client] user and password; ~/.my.cnf is read by itself.',
  },
  'login-path': {
    type: 'text',
    only: { platform: 'linux', instead: 'Use option-file: LocalSystem has no login path.' },
    example: 'backup',
    about: 'Entry of mysql_config_editor; MySQL only.',
  },
  'db-user': { type: 'text', example: 'backup', about: 'Account to connect as; as a rule root, by its socket.' },
  password: { type: 'text', secret: true, example: '…', about: 'Where neither the socket nor an option file will do.' },
  user: {
    type: 'text',
    only: {
      platform: 'linux',
      instead: 'Remove it: the client runs as the service does. For the account write db-user.',
    },
    example: 'mysql',
    about: 'User of the system that the client runs as (root).',
  },
  client: { type: 'path', example: '/usr/bin/mysql', about: 'The client to use.' },
} as const;

export type MysqlSettings = SectionOf<typeof MYSQL_KEYS>;

/** Either server calls itself mysqld somewhere, so both kinds take both; which it is, it says itself. */
export const SERVES = ['mysql', 'mariadb'] as const;
export type MysqlKind = (typeof SERVES)[number];

/** Which of several is meant; undefined where the settings leave it open. */
export const meant = ({ socket, port }: MysqlSettings) =>
  socket === undefined && port === 0
    ? undefined
    : ({ sockets, ports }: DatabaseInstance) =>
        (socket === undefined || sockets.includes(socket)) && (port === 0 || ports.includes(port));

/** The client of MySQL or MariaDB. Whether it gets in shows when it is asked. */
export async function connect(
  kind: MysqlKind,
  parts: QuiescerParts,
  settings: MysqlSettings,
  pick: ConfiguredQuiescer['pick'],
): Promise<HeldClient> {
  const { system, self, lifeMs } = parts;
  const { program, first, rest, account } =
    system.platform === 'windows'
      ? await accessOnWindows(kind, parts, settings, pick)
      : await accessOnLinux(parts, settings, pick);
  return openClient(system, {
    self,
    argv: [program, ...first, ...PLAIN, ...argumentsOf(rest)],
    ...(settings.password === undefined ? {} : { env: { MYSQL_PWD: settings.password } }),
    account,
    lifeMs,
  });
}

/** How the client gets in: which one, with what options, and as whom. */
interface Access extends Pick<ClientOptions, 'account'> {
  readonly program: string;
  /** They are known only where nothing stands before them. */
  readonly first: readonly string[];
  readonly rest: Options;
}

type Options = Readonly<Record<string, string | undefined>>;

async function accessOnLinux(
  { system, instances }: QuiescerParts,
  settings: MysqlSettings,
  pick: ConfiguredQuiescer['pick'],
): Promise<Access> {
  const account = await accountOf(system, settings.user ?? 'root');
  if (account === undefined) throw noSuchAccount(settings.user ?? 'root');
  // An option file would decide over what was found, so what was found is said; what it says itself comes first.
  const found = settings.host === undefined ? pick(await instances()) : undefined;
  const socket =
    settings.socket ??
    (settings.optionFile === undefined ? found?.sockets.find((path) => !path.endsWith('x.sock')) : undefined);
  return {
    program: settings.client ?? clientFor(found),
    first: argumentsOf({ 'defaults-extra-file': settings.optionFile, 'login-path': settings.loginPath }),
    rest: {
      ...(settings.host === undefined ? { socket } : { host: settings.host, protocol: 'tcp' }),
      port: settings.port === 0 ? undefined : String(settings.port),
      user: settings.dbUser,
    },
    account,
  };
}

/** No option file is read but the one that the section names: who else may write to the usual ones nobody knows. */
async function accessOnWindows(
  kind: MysqlKind,
  parts: QuiescerParts,
  settings: MysqlSettings,
  pick: ConfiguredQuiescer['pick'],
): Promise<Access> {
  const { system } = parts;
  const { optionFile, pipe, host, dbUser } = settings;
  const port = pipe === undefined ? await portOnWindows(parts, settings, pick, SERVES) : undefined;
  await assertUnread(system, optionFile);
  return {
    program: settings.client ?? (await clientOnWindows(system, INSTALLED[kind])),
    first: [optionFile === undefined ? '--no-defaults' : `--defaults-file=${optionFile}`],
    rest: {
      // By itself it tells where data are in a code page of Windows.
      'default-character-set': 'utf8mb4',
      ...(pipe === undefined
        ? { host: host ?? LOOPBACK, protocol: 'tcp', port: port === undefined ? undefined : String(port) }
        : { protocol: 'pipe', socket: pipe }),
      // By itself it takes a name that no account has.
      user: dbUser ?? (optionFile === undefined ? 'root' : undefined),
    },
  };
}

/** Where their installers put them: `MySQL\MySQL Server 8.4`, `MariaDB 11.4`. Either talks to the server of the other. */
const MYSQL: Installations = { above: 'MySQL', version: /^MySQL Server \d/, programs: ['mysql.exe'] };
const MARIADB: Installations = { above: '', version: /^MariaDB \d/, programs: ['mariadb.exe', 'mysql.exe'] };
const INSTALLED: Readonly<Record<MysqlKind, readonly Installations[]>> = {
  mysql: [MYSQL, MARIADB],
  mariadb: [MARIADB, MYSQL],
};

const argumentsOf = (options: Options): readonly string[] =>
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
