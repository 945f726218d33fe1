import { join } from 'node:path';
import t from 'tap';
import { renderSurvey } from '../../../agent/cli/render-quiescers.ts';
import { survey, surveyDatabases } from '../../../agent/quiescers/survey.ts';
import { unheldDatabases } from '../../../agent/quiescers/unheld.ts';
import { server, windowsWithClients } from './windows-machine.ts';

const PSQL = 'C:\\Program Files\\PostgreSQL\\17\\bin\\psql.exe';

t.setTimeout(60_000);

t.test('what runs on Windows, and on which volumes it lies', async (t) => {
  const { system, quiescer, folder } = windowsWithClients(t, {
    clients: { [PSQL]: 'fake-psql-windows.sh' },
    programs: [server(910, 'postgres.exe', [5432]), server(920, 'mysqld.exe', [3306])],
    volumes: ['C:\\', 'D:\\', 'E:\\', 'E:\\fast\\'],
  });
  const postgresql = await quiescer(`[quiescer postgresql]\npassword = ${join(folder, 'log')}\n`);
  const found = await survey(system, [postgresql]);
  t.match(found, {
    databases: [
      { kind: 'postgresql', ports: [5432], sockets: [], heldBy: 'postgresql' },
      { kind: 'mysql', add: ['[quiescer mysql]'] },
    ],
    quiescers: [{ id: 'postgresql', volumes: ['C:\\', 'E:\\fast\\'] }],
  });
  const text = renderSurvey(found, 80);
  t.match(text, /PostgreSQL: process 910, port 5432/);
  t.match(text, /on several volumes, which one shadow copy must hold: C:\\, E:\\fast\\/);
  t.strictSame(await unheldDatabases(system, [postgresql]), ['MySQL']);
});

t.test('SQL Server is for its own writer to hold', async (t) => {
  const { system } = windowsWithClients(t, { programs: [server(930, 'sqlservr.exe', [1433])] });
  t.strictSame(await unheldDatabases(system, []), []);
});

t.test('one of somebody who has logged on must be named', async (t) => {
  const { system, quiescer } = windowsWithClients(t, { programs: [server(1, 'redis-server.exe', [6380], 2)] });
  const redis = await quiescer('[quiescer redis]\n');
  t.match(await surveyDatabases(system, [redis]), [
    { add: [/login user/, /only where it is named/, '[quiescer redis.6380]', 'port = 6380'] },
  ]);
  const named = await quiescer('[quiescer redis]\nport = 6380\n');
  t.match(await surveyDatabases(system, [named]), [{ heldBy: 'redis' }]);
});

t.test('of several one that listens on no port is not named by it', async (t) => {
  const programs = [server(1, 'mysqld.exe', []), server(2, 'mysqld.exe', [3306])];
  const { system } = windowsWithClients(t, { programs });
  t.match(await surveyDatabases(system, []), [
    { add: ['[quiescer mysql.1]', /where it listens is not known/] },
    { add: ['[quiescer mysql.3306]', 'port = 3306'] },
  ]);
});
