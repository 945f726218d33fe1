import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ADMINISTRATORS, descriptor, FULL, READ, SYSTEM, USERS } from '../system/descriptors.ts';
import { server, windowsWithClients } from './windows-machine.ts';

const LIMIT = AbortSignal.timeout(120_000);
const bin = (version: string) => `C:\\Program Files\\PostgreSQL\\${version}\\bin\\psql.exe`;
const PSQL = 'fake-psql-windows.sh';

t.setTimeout(180_000);

t.test('a service of PostgreSQL is held by its port, through the newest psql', async (t) => {
  const { quiescer, folder } = windowsWithClients(t, {
    clients: { [bin('9.6')]: 'fake-session.sh', [bin('17')]: PSQL },
    programs: [server(910, 'postgres.exe', [5433])],
  });
  const log = join(folder, 'log');
  const file = 'C:\\ProgramData\\quiesced\\pgpass.conf';
  const postgresql = await quiescer(`[quiescer postgresql]\npassword = ${log}\npassword-file = ${file}\n`);
  t.match(await postgresql.detect(LIMIT), { how: 'CHECKPOINT, then the shadow copy', missing: [], version: '17.2' });
  const folders = ['C:\\pg data\\17', 'C:\\pg data\\17\\pg_wal', 'E:\\fast'];
  await postgresql.hold(LIMIT);
  t.strictSame(postgresql.folders, folders);
  await postgresql.verify(LIMIT);
  await postgresql.release(LIMIT);

  const [call, ...statements] = readFileSync(log, 'utf8').trim().split('\n');
  t.match(call, /-w -v ON_ERROR_STOP=1 --host=127\.0\.0\.1 --port=5433 --username=postgres --dbname=postgres /);
  t.ok(call?.endsWith(`PGPASSFILE=${file} PGCLIENTENCODING=UTF8 OPENSSL_CONF=NUL`), String(call));
  t.notOk(call?.includes(log), 'no password among the arguments');
  t.ok(statements.includes('CHECKPOINT;'));
});

t.test('the label of a backup is kept for the copy', async (t) => {
  const { quiescer, folder, system } = windowsWithClients(t, {
    clients: { [bin('17')]: PSQL },
    programs: [server(910, 'postgres.exe', [5432])],
  });
  const log = join(folder, 'log');
  const postgresql = await quiescer(`[quiescer postgresql]\nmode = backup\npassword = ${log}\n`);
  await postgresql.hold(LIMIT);
  await postgresql.verify(LIMIT);
  await postgresql.release(LIMIT);
  const label = 'C:\\ProgramData\\quiesced\\state\\labels\\postgresql\\backup_label';
  t.equal(await system.readText(label), 'LABEL');
  t.match(readFileSync(log, 'utf8'), /pg_backup_start[\s\S]*pg_backup_stop/);
});

t.test('one whose port nobody tells for certain is not told a password', async (t) => {
  const cases = [
    ['quiescer.not-found', []],
    ['quiescer.doubtful', [server(1, 'postgres.exe', [5432], 2)]],
    ['quiescer.doubtful', [server(1, 'postgres.exe', [])]],
    ['quiescer.several', [server(1, 'postgres.exe', [5432]), server(2, 'postgres.exe', [5433])]],
  ] as const;
  for (const [code, programs] of cases) {
    const { quiescer } = windowsWithClients(t, { programs });
    const postgresql = await quiescer('[quiescer postgresql]\n');
    await t.rejects(postgresql.hold(LIMIT), { code, remedy: /port = NUMBER/ });
    await postgresql.release(LIMIT);
  }
});

t.test('without a client it says where it looked', async (t) => {
  const { quiescer } = windowsWithClients(t, {});
  await t.rejects((await quiescer('[quiescer postgresql]\nport = 5432\n')).detect(LIMIT), {
    code: 'quiescer.no-client',
    message: 'there is no client program: C:\\Program Files\\PostgreSQL\\…\\bin\\psql.exe',
  });
});

t.test('a password file that others may read is refused', async (t) => {
  const ours = [SYSTEM, ADMINISTRATORS].map((who) => ({ who, rights: FULL }));
  const { quiescer } = windowsWithClients(t, {
    files: { 'C:\\pgpass.conf': descriptor(SYSTEM, [...ours, { who: USERS, rights: READ }]) },
  });
  const postgresql = await quiescer('[quiescer postgresql]\nport = 1\npassword-file = C:\\pgpass.conf\n');
  await t.rejects(postgresql.detect(LIMIT), {
    code: 'quiescer.exposed',
    message: 'the password in C:\\pgpass.conf stands in a file that Users may read',
    remedy: /^icacls "C:\\pgpass\.conf"/,
  });
});

t.test('nobody becomes another user there', async (t) => {
  const { quiescer } = windowsWithClients(t, {});
  await t.rejects(quiescer('[quiescer postgresql]\nuser = postgres\nsocket-folder = C:\\x\n'), {
    code: 'config.invalid',
    message: /user: is for Linux only[\s\S]*socket-folder: is for Linux only/,
  });
});
