/** Servers of Windows that are asked by their own client, and what the checks make of the answers. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { databaseChecks } from '../../../agent/checks/apps-databases.ts';
import type { Finding } from '../../../agent/checks/check.ts';
import { runChecks } from '../../../agent/checks/run.ts';
import { PATHS } from '../../../agent/system/paths.ts';
import { SELF, server, windowsWithClients } from '../quiescers/windows-machine.ts';
import { WINDOWS_FACTS } from './windows-machine.ts';

const PSQL = 'C:\\Program Files\\PostgreSQL\\17\\bin\\psql.exe';
const MARIADB = 'C:\\Program Files\\MariaDB 11.4\\bin\\mariadb.exe';
const HOLD = 'C:\\Scripts\\hold.cmd';

interface Scene {
  readonly server?: 'postgresql' | 'mariadb';
  /** What is the matter with the server: see the stand-ins for the clients. */
  readonly state?: string;
  readonly more?: string;
}

/** With one server, its data on C: and E:, and its section. Each finding by the id of its check. */
async function findings(t: Test, { server: kind = 'postgresql', state = 'well', more = '' }: Scene = {}) {
  const { system } = windowsWithClients(t, {
    clients: { [PSQL]: 'fake-psql-windows.sh', [MARIADB]: 'fake-mysql-windows.sh' },
    programs: [kind === 'postgresql' ? server(910, 'postgres.exe', [5432]) : server(920, 'mariadbd.exe', [3306])],
    volumes: ['C:\\', 'E:\\', 'F:\\'],
    texts: (folder) => ({
      [PATHS.windows.configFile]: `[quiescer ${kind}]\npassword = ${join(folder, state)}\n${more}`,
      [HOLD]: 'psql -c "SELECT pg_start_backup(\'x\')"\r\n',
    }),
  });
  // No deadline is to pass because the machine that runs the tests is busy.
  const patient = databaseChecks.map((check) => ({ ...check, timeoutMs: 60_000 }));
  const found = await runChecks(system, patient, { facts: WINDOWS_FACTS, self: SELF });
  return new Map(found.map((finding) => [finding.id, finding]));
}

const wrongIn = (found: ReadonlyMap<string, Finding>) =>
  [...found.values()].filter(({ verdict }) => verdict !== 'pass').map(({ id, verdict }) => `${id} ${verdict}`);

t.setTimeout(180_000);

t.test('one that is held as a whole', async (t) => {
  const found = await findings(t);
  t.strictSame(wrongIn(found), []);
  t.match(found.get('app.db-detect'), { detail: 'each has its quiescer' });
  t.match(found.get('app.db-connect'), { detail: 'PostgreSQL' });
  t.match(found.get('app.db-datadir'), { detail: 'C:\\pg data\\17, C:\\pg data\\17\\pg_wal, E:\\fast' });
});

t.test('a tablespace on a volume that our shadow copy leaves out', async (t) => {
  const found = await findings(t, { more: '[snapshot]\ntaker = vss\n[vss]\nvolumes = C:\n' });
  t.strictSame(wrongIn(found), ['app.db-datadir warn']);
  t.match(found.get('app.db-datadir'), { detail: /: E:\\fast \(E:\\: not named for the shadow copy\)$/ });
});

t.test('a volume that is none', async (t) => {
  const found = await findings(t, { more: '[snapshot]\ntaker = vss\n[vss]\nvolumes = G:\n' });
  t.match(found.get('app.db-datadir'), { verdict: 'warn', detail: /E:\\fast \(G:.* is no volume of a disk/ });
});

t.test('a statement that has run for two minutes', async (t) => {
  const found = await findings(t, { server: 'mariadb', state: 'slow' });
  t.strictSame(wrongIn(found), ['app.db-long-query warn']);
  t.match(found.get('app.db-long-query'), { detail: /MariaDB: a statement has run for 120 s/ });
});

t.test('a server that was left read-only', async (t) => {
  const found = await findings(t, { server: 'mariadb', state: 'stale' });
  t.strictSame(wrongIn(found), ['app.stale-lock fail']);
  t.match(found.get('app.stale-lock'), { detail: /read_only is on/ });
});

t.test('a script that asks a server for what it no longer has', async (t) => {
  const found = await findings(t, { more: `[scripts]\npre = ${HOLD}\n` });
  t.strictSame(wrongIn(found), ['app.pg-version fail']);
  t.match(found.get('app.pg-version'), { detail: /hold\.cmd calls pg_start_backup.*PostgreSQL 17 does not have/ });
});
