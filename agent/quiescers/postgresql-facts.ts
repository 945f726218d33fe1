import { PATH_STYLE } from '../system/paths.ts';
import { realPathsOf } from '../system/real-path.ts';
import type { System } from '../system/system.ts';
import type { HeldClient } from './client.ts';
import type { Shortcoming } from './quiescer.ts';
import { query } from './sql.ts';

/** What a server says of itself. */
export interface PostgresFacts {
  readonly version: string;
  /** `150018` for 15.18. */
  readonly number: number;
  readonly startedAt: string;
  /** Data, write-ahead log and tablespaces: they must be frozen together. */
  readonly folders: readonly string[];
  readonly longestSeconds: number;
  readonly stale: readonly Shortcoming[];
  missing(mode: 'checkpoint' | 'backup'): readonly Shortcoming[];
}

const OLDEST = 130_000;

const SETTINGS = `SELECT pg_catalog.current_setting('server_version'), pg_catalog.current_setting('server_version_num'),
  pg_catalog.pg_postmaster_start_time(), pg_catalog.current_setting('archive_mode'), pg_catalog.current_setting('wal_level'),
  (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user), current_user,
  (SELECT coalesce(pg_catalog.max(extract(epoch FROM pg_catalog.now() - xact_start))::int, 0) FROM pg_catalog.pg_stat_activity WHERE pid <> pg_catalog.pg_backend_pid()),
  coalesce((SELECT setting FROM pg_catalog.pg_settings WHERE name = 'data_directory'), '')`.replaceAll(/\s+/g, ' ');

/** Members of it may issue CHECKPOINT: since 15. */
const MAY_CHECKPOINT = `SELECT pg_catalog.pg_has_role(current_user, oid, 'MEMBER') FROM pg_catalog.pg_roles WHERE rolname = 'pg_checkpoint'`;
const MAY_BACKUP = (number: number): string =>
  number >= 150_000
    ? `SELECT pg_catalog.has_function_privilege('pg_catalog.pg_backup_start(text, boolean)', 'EXECUTE')`
    : `SELECT pg_catalog.has_function_privilege('pg_catalog.pg_start_backup(text, boolean, boolean)', 'EXECUTE')`;

export async function factsOf(system: System, client: HeldClient, signal: AbortSignal): Promise<PostgresFacts> {
  const [row = []] = await query(client, SETTINGS, signal);
  const [version = '', text = '', startedAt = '', archiveMode, walLevel, superuser, role = '', longest, data = ''] =
    row;
  const number = Number(text);
  const [[checkpoint] = []] = await query(client, MAY_CHECKPOINT, signal);
  const [[backup] = []] = await query(client, MAY_BACKUP(number), signal);
  const tablespaces = await query(
    client,
    "SELECT pg_catalog.pg_tablespace_location(oid) FROM pg_catalog.pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global')",
    signal,
  );
  return {
    version,
    number,
    startedAt,
    // The log may be a link to a folder of another file system: initdb --waldir.
    folders: await realPathsOf(
      system,
      data === ''
        ? []
        : [data, PATH_STYLE[system.platform].join(data, 'pg_wal'), ...tablespaces.map(([path = '']) => path)],
    ),
    longestSeconds: Number(longest),
    stale: await staleIn(client, number, signal),
    missing: (mode) =>
      missingFor(mode, { data, version, number, role, archiveMode, walLevel, may: { superuser, checkpoint, backup } }),
  };
}

/** Until 14 a backup could be begun that no session has to stay for: such a one outlives whoever forgot to end it. */
const LAST_EXCLUSIVE = 149_999;
const IN_BACKUP = 'SELECT pg_catalog.pg_is_in_backup(), pg_catalog.pg_backup_start_time()';

/** An exclusive backup in progress. Ours are none: they end with their session, and are not told by this function. */
export async function staleIn(
  client: HeldClient,
  number: number,
  signal: AbortSignal,
): Promise<readonly Shortcoming[]> {
  if (number > LAST_EXCLUSIVE) return [];
  const [[inBackup, since = ''] = []] = await query(client, IN_BACKUP, signal);
  if (inBackup !== 't') return [];
  return [
    {
      what: `in backup mode since ${since}, and nothing of ours holds it: after a crash it does not start while backup_label is there`,
      remedy: 'If no other backup is at work: SELECT pg_stop_backup();',
    },
  ];
}

interface Signs {
  /** Empty where the role may not see it. */
  readonly data: string;
  readonly version: string;
  readonly number: number;
  readonly role: string;
  readonly archiveMode: string | undefined;
  readonly walLevel: string | undefined;
  /** Each `t` or `f`, as psql prints them. */
  readonly may: {
    readonly superuser: string | undefined;
    readonly checkpoint: string | undefined;
    readonly backup: string | undefined;
  };
}

/** What stands in the way, with the statement that mends it. */
export function missingFor(mode: 'checkpoint' | 'backup', signs: Signs): readonly Shortcoming[] {
  const { number, version, may, role } = signs;
  const name = `"${role.replaceAll('"', '""')}"`;
  if (number < OLDEST)
    return [{ what: `PostgreSQL ${version} is older than 13`, remedy: 'Upgrade it, or hold it by scripts.' }];
  const missing: Shortcoming[] = [];
  if (signs.data === '') {
    missing.push({ what: `${role} may not see where the data are`, remedy: `GRANT pg_read_all_settings TO ${name};` });
  }
  if (mode === 'checkpoint') {
    if (may.superuser === 't' || may.checkpoint === 't') return missing;
    missing.push(
      number >= 150_000
        ? { what: `${role} may not issue CHECKPOINT`, remedy: `GRANT pg_checkpoint TO ${name};` }
        : { what: `${role} may not issue CHECKPOINT before 15`, remedy: `ALTER ROLE ${name} SUPERUSER;` },
    );
    return missing;
  }
  if (may.backup !== 't' && may.superuser !== 't') {
    const [start, stop] =
      number >= 150_000
        ? ['pg_backup_start(text, boolean)', 'pg_backup_stop(boolean)']
        : ['pg_start_backup(text, boolean, boolean)', 'pg_stop_backup(boolean, boolean)'];
    missing.push({
      what: `${role} may not start a backup`,
      remedy: `GRANT EXECUTE ON FUNCTION ${start}, ${stop} TO ${name};`,
    });
  }
  if (signs.archiveMode === 'off' || signs.walLevel === 'minimal') {
    missing.push({
      what: 'mode = backup needs the archive of the write-ahead log to start from a copy, and archiving is off',
      remedy: 'Use mode = checkpoint, or turn archiving on: wal_level = replica, archive_mode = on, archive_command.',
    });
  }
  return missing;
}
