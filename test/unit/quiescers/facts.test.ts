import t from 'tap';
import type { HeldClient } from '../../../agent/quiescers/client.ts';
import { missingFor as missingForMysql, parseVersion, wayFor } from '../../../agent/quiescers/mysql-facts.ts';
import {
  missingFor as missingForPostgres,
  staleIn as staleInPostgres,
} from '../../../agent/quiescers/postgresql-facts.ts';
import { parseInfo, whyLost } from '../../../agent/quiescers/redis.ts';

t.test('how MySQL and MariaDB are held, by their versions', async (t) => {
  for (const [version, way] of [
    ['10.11.14-MariaDB-0+deb12u2', 'stage'],
    ['10.4.1-MariaDB', 'stage'],
    ['10.4.0-MariaDB', 'tables'],
    ['5.5.5-10.3.39-MariaDB', 'tables'],
    ['8.0.36', 'instance'],
    ['8.4.3-commercial', 'instance'],
    ['5.7.44-log', 'tables'],
  ] as const) {
    t.equal(wayFor(version, 'auto'), way, version);
    t.equal(wayFor(version, 'tables'), 'tables');
  }
  t.strictSame(parseVersion('nonsense'), { mariadb: false, number: 0 });
});

t.test('what MySQL must grant', async (t) => {
  const all = ['GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION'];
  t.strictSame(missingForMysql('instance', '8.0.36', 'root@localhost', all), []);
  const some = ['GRANT SELECT, RELOAD ON *.* TO `backup`@`%`', 'GRANT BACKUP_ADMIN ON `x`.* TO `backup`@`%`'];
  t.match(missingForMysql('instance', '8.0.36', 'backup@%', some), [
    { what: 'backup@% has not BACKUP_ADMIN', remedy: "GRANT BACKUP_ADMIN ON *.* TO 'backup'@'%';" },
  ]);
  t.strictSame(missingForMysql('tables', '10.3.1-MariaDB', 'backup@%', some), []);
  t.match(missingForMysql('stage', '10.3.1-MariaDB', 'a@b', all), [{ what: /knows no BACKUP STAGE/ }]);
});

const PG = {
  data: '/srv/pg',
  version: '15.18',
  number: 150_018,
  role: 'backup',
  archiveMode: 'on',
  walLevel: 'replica',
};
const MAY = { superuser: 'f', checkpoint: 'f', backup: 'f' };

t.test('what PostgreSQL must grant', async (t) => {
  t.strictSame(missingForPostgres('checkpoint', { ...PG, may: { ...MAY, checkpoint: 't' } }), []);
  t.strictSame(missingForPostgres('checkpoint', { ...PG, may: { ...MAY, superuser: 't' } }), []);
  t.match(missingForPostgres('checkpoint', { ...PG, may: MAY }), [{ remedy: 'GRANT pg_checkpoint TO "backup";' }]);
  t.match(missingForPostgres('checkpoint', { ...PG, number: 140_011, may: MAY }), [{ remedy: /SUPERUSER/ }]);
  t.match(missingForPostgres('checkpoint', { ...PG, number: 120_011, version: '12.11', may: MAY }), [
    { what: /older than 13/ },
  ]);
  t.match(missingForPostgres('checkpoint', { ...PG, data: '', may: { ...MAY, checkpoint: 't' } }), [
    { remedy: /pg_read_all_settings/ },
  ]);
});

t.test('a backup of PostgreSQL needs the archive', async (t) => {
  const may = { ...MAY, backup: 't' };
  t.strictSame(missingForPostgres('backup', { ...PG, may }), []);
  t.match(missingForPostgres('backup', { ...PG, archiveMode: 'off', may }), [{ what: /archiving is off/ }]);
  t.match(missingForPostgres('backup', { ...PG, may: MAY }), [
    { remedy: /^GRANT EXECUTE ON FUNCTION pg_backup_start/ },
  ]);
  t.match(missingForPostgres('backup', { ...PG, number: 140_000, may: MAY }), [{ remedy: /pg_start_backup/ }]);
});

t.test('what tells that Redis was written to', async (t) => {
  const before = parseInfo('# x\r\nrun_id:a\r\nrdb_changes_since_last_save:7\r\nrdb_last_save_time:100\r\n');
  t.equal(whyLost(before, before), undefined);
  t.match(whyLost(before, { ...before, run_id: 'b' }), /restarted/);
  t.match(whyLost(before, { ...before, rdb_changes_since_last_save: '8' }), /written to/);
  t.match(
    whyLost(before, { ...before, rdb_changes_since_last_save: '0', rdb_last_save_time: '120' }),
    /saved meanwhile/,
  );
  t.match(whyLost(before, { ...before, paused_actions: 'none' }), /not paused/);
  t.equal(whyLost(before, { ...before, paused_actions: 'write' }), undefined);
});

t.test('an exclusive backup of PostgreSQL that nobody has ended is found, where there can be one', async (t) => {
  const asked: string[] = [];
  const client = (row: string): HeldClient => ({
    async ask([statement = '', end = '']) {
      asked.push(statement);
      return [row, end.slice(8, -2)];
    },
    close: async () => undefined,
    leave: async () => undefined,
  });
  const { signal } = new AbortController();
  t.match(await staleInPostgres(client('t\t2026-11-21 02:00:00+00'), 140_011, signal), [
    { what: /^in backup mode since 2026-11-21 02:00/, remedy: /pg_stop_backup/ },
  ]);
  t.strictSame(await staleInPostgres(client('f\t'), 130_005, signal), []);
  t.equal(asked.length, 2);
  t.strictSame(await staleInPostgres(client('t\t'), 150_000, signal), [], 'gone since 15');
  t.equal(asked.length, 2, 'and not asked for');
});
