import { PATH_STYLE } from '../system/paths.ts';
import { realPathsOf } from '../system/real-path.ts';
import type { System } from '../system/system.ts';
import type { HeldClient } from './client.ts';
import type { Shortcoming } from './quiescer.ts';
import { query } from './sql.ts';

/** How it is held: MariaDB's stages, MySQL's instance lock with the tables, the tables alone. */
export type Way = 'stage' | 'instance' | 'tables';

/** What a server says of itself and of us. */
export interface MysqlFacts {
  readonly version: string;
  readonly connection: string;
  readonly folders: readonly string[];
  readonly longestSeconds: number;
  readonly stale: readonly Shortcoming[];
  wayFor(wanted: 'auto' | 'stage' | 'tables'): Way;
  missing(way: Way): readonly Shortcoming[];
}

const BASICS =
  'SELECT VERSION(), CONNECTION_ID(), CURRENT_USER(), @@datadir, @@innodb_log_group_home_dir, @@log_bin_basename, @@read_only';

/** Ours sleeps or asks; those of replication never end. */
const LONGEST =
  "SELECT COALESCE(MAX(TIME), 0) FROM information_schema.PROCESSLIST WHERE COMMAND = 'Query' AND ID <> CONNECTION_ID()";

/** Where InnoDB keeps files apart from the data; which of them there are depends on product and version. */
const ELSEWHERE =
  "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('innodb_data_home_dir', 'innodb_undo_directory', 'innodb_doublewrite_dir')";

export async function factsOf(system: System, client: HeldClient, signal: AbortSignal): Promise<MysqlFacts> {
  const [[version = '', connection = '', user = '', data = '', log = '', binlog = '', readOnly] = []] = await query(
    client,
    BASICS,
    signal,
  );
  const grants = (await query(client, 'SHOW GRANTS', signal)).map(([grant = '']) => grant);
  const elsewhere = (await query(client, ELSEWHERE, signal)).map(([, folder = '']) => folder);
  const [[longest] = []] = await query(client, LONGEST, signal);
  const replica = readOnly === '1' && (await isReplica(client, version, signal));
  return {
    version,
    connection,
    folders: await foldersOf(system, [data, log, ...elsewhere], binlog),
    longestSeconds: Number(longest),
    stale: readOnly === '1' && !replica ? [READ_ONLY] : [],
    wayFor: (wanted) => wayFor(version, wanted),
    missing: (way) => missingFor(way, version, user, grants),
  };
}

/** What is not absolute is below the data. The client writes two backslashes for one of Windows; a real path has one. */
function foldersOf(system: System, paths: readonly string[], binlog: string): Promise<readonly string[]> {
  const { dirname, isAbsolute } = PATH_STYLE[system.platform];
  return realPathsOf(
    system,
    [...paths, dirname(binlog)].filter((path) => isAbsolute(path)),
  );
}

const READ_ONLY: Shortcoming = {
  what: 'read_only is on, this is no replica, and nothing of ours holds it: a backup script may have left it so',
  remedy: 'If nobody means it: SET GLOBAL read_only = 0;',
};

async function isReplica(client: HeldClient, version: string, signal: AbortSignal): Promise<boolean> {
  const { mariadb, number } = parseVersion(version);
  const said = mariadb ? number >= 100_500 : number >= 80_022;
  return (await query(client, said ? 'SHOW REPLICA STATUS' : 'SHOW SLAVE STATUS', signal)).length > 0;
}

/** `10.11.18-MariaDB-0+deb12u1`, `8.0.36`, `5.5.5-10.3.39-MariaDB`. */
export function parseVersion(version: string): { readonly mariadb: boolean; readonly number: number } {
  const mariadb = /mariadb/i.test(version);
  const [, major, minor, patch] = /^(?:5\.5\.5-)?(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?/.exec(version) ?? [];
  return { mariadb, number: Number(major ?? 0) * 10_000 + Number(minor ?? 0) * 100 + Number(patch ?? 0) };
}

/** BACKUP STAGE came with MariaDB 10.4.1, LOCK INSTANCE with MySQL 8.0. */
export function wayFor(version: string, wanted: 'auto' | 'stage' | 'tables'): Way {
  const { mariadb, number } = parseVersion(version);
  if (mariadb) return wanted !== 'tables' && (number >= 100_401 || wanted === 'stage') ? 'stage' : 'tables';
  return number >= 80_000 && wanted !== 'tables' ? 'instance' : 'tables';
}

/** By SHOW GRANTS: who has ALL on everything has each of them. */
export function missingFor(way: Way, version: string, user: string, grants: readonly string[]): readonly Shortcoming[] {
  const everything = grants.filter((grant) => / ON \*\.\* TO /.test(grant)).join(' ');
  const has = (name: string) => new RegExp(`\\b(?:ALL PRIVILEGES|${name})\\b`).test(everything);
  const { mariadb, number } = parseVersion(version);
  const wanted = [
    ...(has('RELOAD') || (way !== 'stage' && has('FLUSH_TABLES')) ? [] : ['RELOAD']),
    ...(way === 'instance' && !has('BACKUP_ADMIN') ? ['BACKUP_ADMIN'] : []),
  ];
  const missing: Shortcoming[] = [];
  if (wanted.length > 0) {
    const account = user
      .split('@')
      .map((part) => `'${part.replaceAll("'", "''")}'`)
      .join('@');
    missing.push({
      what: `${user} has not ${wanted.join(' and ')}`,
      remedy: `GRANT ${wanted.join(', ')} ON *.* TO ${account};`,
    });
  }
  if (way === 'stage' && (!mariadb || number < 100_401)) {
    missing.push({ what: `${version} knows no BACKUP STAGE`, remedy: 'Write lock = auto, or leave the key out.' });
  }
  return missing;
}
