import { UserError } from '../errors.ts';
import type { DatabaseInstance } from '../system/database-instances.ts';
import { PATH_STYLE, PATHS } from '../system/paths.ts';
import type { Platform } from '../system/system.ts';
import type { HeldClient } from './client.ts';
import { defineKind, pickInstance, type QuiescerParts } from './kind.ts';
import { connect, meant, POSTGRESQL_KEYS } from './postgresql-client.ts';
import { factsOf, type PostgresFacts } from './postgresql-facts.ts';
import type { ConfiguredQuiescer } from './quiescer.ts';
import { query, queryValue } from './sql.ts';

/**
 * PostgreSQL is made to be copied by an instant: all its files frozen at one moment are what a crash leaves, and it
 * recovers from that with every transaction that was acknowledged (documentation, "File System Level Backup"). So by
 * default nothing is blocked but by the freeze, on Windows by the shadow copy; the checkpoint before it keeps that
 * recovery short.
 */
export const postgresql = defineKind({
  id: 'postgresql',
  title: 'PostgreSQL',
  serves: ['postgresql'],
  keys: POSTGRESQL_KEYS,
  create(parts, settings) {
    const { system, id, title, holdMs, onFailure } = parts;
    const pick = (instances: readonly DatabaseInstance[]) =>
      pickInstance(instances, ['postgresql'], meant(settings, system.platform));
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
            how: `${settings.mode === 'backup' ? 'pg_backup_start' : 'CHECKPOINT'}, then ${THEN[system.platform]}`,
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

/** What makes the copy one of a single instant. */
const THEN: Readonly<Record<Platform, string>> = { linux: 'the freeze', windows: 'the shadow copy' };

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
  const { join } = PATH_STYLE[system.platform];
  const folder = join(PATHS[system.platform].state, 'labels', id);
  await system.makeDir(folder, 0o700);
  await system.write(join(folder, 'backup_label'), label, { mode: 0o600 });
  await system.write(join(folder, 'tablespace_map'), map, { mode: 0o600 });
}
