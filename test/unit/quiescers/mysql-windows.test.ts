import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ADMINISTRATORS, descriptor, FULL, READ, SYSTEM, USERS } from '../system/descriptors.ts';
import { server, windowsWithClients } from './windows-machine.ts';

const LIMIT = AbortSignal.timeout(120_000);
const SCRIPT = 'fake-mysql-windows.sh';
const MARIADB = 'C:\\Program Files\\MariaDB 11.4\\bin\\mariadb.exe';
const MYSQL = 'C:\\Program Files\\MySQL\\MySQL Server 8.4\\bin\\mysql.exe';
const CLIENTS = { [MARIADB]: SCRIPT, [MYSQL]: SCRIPT };
const PLAIN = '--batch --skip-column-names --unbuffered --skip-reconnect --skip-force --skip-local-infile';

t.setTimeout(180_000);

t.test('a service of MariaDB is held by its port, through its own client', async (t) => {
  const { quiescer, folder } = windowsWithClients(t, {
    clients: CLIENTS,
    programs: [server(910, 'mysqld.exe', [3307])],
  });
  const log = join(folder, 'log');
  const mariadb = await quiescer(`[quiescer mariadb]\npassword = ${log}\n`);
  await mariadb.hold(LIMIT);
  t.strictSame(mariadb.folders, ['C:\\Program Files\\MariaDB 11.4\\data', 'F:\\undo', 'E:\\log']);
  await mariadb.verify(LIMIT);
  await mariadb.release(LIMIT);

  const [call, ...statements] = readFileSync(log, 'utf8').trim().split('\n');
  const given = `--no-defaults ${PLAIN} --connect-timeout=10 --default-character-set=utf8mb4 --host=127.0.0.1 --protocol=tcp --port=3307 --user=root`;
  t.ok(call?.endsWith(`${MARIADB} ${given}`), String(call));
  for (const statement of ['BACKUP STAGE BLOCK_COMMIT;', 'BACKUP STAGE END;']) t.ok(statements.includes(statement));
});

t.test('by its named pipe, its own port, and an option file', async (t) => {
  const option = 'C:\\ProgramData\\quiesced\\my.ini';
  const cases = [
    [
      'pipe = MySQL\n',
      `--no-defaults ${PLAIN} --connect-timeout=10 --default-character-set=utf8mb4 --protocol=pipe --socket=MySQL --user=root`,
    ],
    [
      `port = 3310\noption-file = ${option}\n`,
      `--defaults-file=${option} ${PLAIN} --connect-timeout=10 --default-character-set=utf8mb4 --host=127.0.0.1 --protocol=tcp --port=3310`,
    ],
  ] as const;
  for (const [text, given] of cases) {
    const { quiescer, folder } = windowsWithClients(t, { clients: CLIENTS });
    const log = join(folder, 'log');
    const mysql = await quiescer(`[quiescer mysql]\npassword = ${log}\n${text}`);
    t.match(await mysql.detect(LIMIT), { version: '11.4.2-MariaDB', blocks: 'commits', missing: [] });
    t.ok(readFileSync(log, 'utf8').split('\n')[0]?.endsWith(`${MYSQL} ${given}`), given);
  }
});

t.test('one whose port nobody tells for certain is not told a password', async (t) => {
  const { quiescer } = windowsWithClients(t, { clients: CLIENTS, programs: [server(1, 'mysqld.exe', [3306], 2)] });
  const mysql = await quiescer('[quiescer mysql]\n');
  await t.rejects(mysql.detect(LIMIT), { code: 'quiescer.doubtful' });
});

t.test('an option file that others may read is refused', async (t) => {
  const ours = [SYSTEM, ADMINISTRATORS].map((who) => ({ who, rights: FULL }));
  const { quiescer } = windowsWithClients(t, {
    clients: CLIENTS,
    files: { 'C:\\my.ini': descriptor(SYSTEM, [...ours, { who: USERS, rights: READ }]) },
  });
  const mysql = await quiescer('[quiescer mysql]\nport = 1\noption-file = C:\\my.ini\n');
  await t.rejects(mysql.detect(LIMIT), {
    code: 'quiescer.exposed',
    message: /C:\\my\.ini stands in a file that Users/,
  });
});

t.test('what is of Linux alone is refused', async (t) => {
  const { quiescer } = windowsWithClients(t, {});
  await t.rejects(quiescer('[quiescer mysql]\nsocket = C:\\x\nlogin-path = a\nuser = b\n'), {
    code: 'config.invalid',
    message: /socket: is for Linux only[\s\S]*login-path: is[\s\S]*user: is for Linux only/,
  });
});
