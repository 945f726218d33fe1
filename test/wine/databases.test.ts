/** SQLite, Redis and a session held by the program as it is installed on Windows (Wine), and free whatever becomes of it. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { openResp } from '../../agent/quiescers/resp.ts';
import { AS, absent, own, startProcess } from '../databases/engine.ts';
import { until } from '../system/loop-observe.ts';
import { asking, attempt, BLOCKED_MS, configure, endHolder, freePort, hold, MINUTE, placesOf } from './database-rig.ts';
import { WINE, type WineMachine, wineMachine } from './machine.ts';

const skip = existsSync(WINE) ? absent('/usr/bin/redis-server') : 'Wine is not installed: see test/wine/setup.ts';
const NO_LIMIT = new AbortController().signal;
const LOOKUP = join(import.meta.dirname, 'lookup-program.ts');
const PASSWORD = 'a-secret-word';

t.test('databases on Windows', { skip, timeout: 9 * MINUTE }, async (t) => {
  const machine = await wineMachine(t);
  await t.test('SQLite', { timeout: 4 * MINUTE }, (t) => sqlite(t, machine));
  await t.test('Redis', { timeout: 4 * MINUTE }, (t) => redis(t, machine));
  await t.test('a session', { timeout: 4 * MINUTE }, (t) => session(t, machine));
});

async function sqlite(t: Test, machine: WineMachine): Promise<void> {
  const json = asking(machine);
  const file = 'C:\\app\\app.db';
  mkdirSync(join(machine.disk, 'app'));
  new DatabaseSync(join(machine.disk, 'app/app.db')).exec('CREATE TABLE numbered (n INTEGER)');
  configure(machine, '[quiescer sqlite]\nfiles = c:/app/app.db\n');
  const look = () => machine.run(LOOKUP, file) as Promise<Record<string, unknown>>;

  const { self, real, mayWrite } = await look();
  // Who listens where Wine tells of nobody: it is in docs/windows-manual-test.md.
  t.match(self, { name: /^node.*\.exe$/i, session: Number, ports: [] }, 'a process is seen');
  t.equal(real, file);
  t.ok(mayWrite);

  const [asked] = json('quiescers').quiescers;
  t.match(asked, { id: 'sqlite', detected: { missing: [], folders: ['C:\\app'] }, volumes: ['C:\\'] });
  t.match(json('check', '--only', 'app.db-datadir').findings, [{ verdict: 'pass', detail: 'C:\\app' }]);
  t.equal(hold(machine), 0);
  t.match(await look(), { mayWrite: false }, 'it is held');
  t.match(json('release'), { consistency: 'crash', faults: [] });
  t.match(await look(), { mayWrite: true });

  t.equal(hold(machine), 0);
  t.match(await look(), { mayWrite: false });
  t.equal(endHolder(machine), 0);
  t.ok(await until(async () => (await look()).mayWrite === true, MINUTE), 'free with the process that held it');

  chmodSync(join(machine.disk, 'app'), 0o777);
  const [refused] = json('rehearse', '--yes').faults;
  t.match(refused, { phase: 'quiesce', message: /must not open its file C:\\app\\app\.db: C:\\app may be changed by/ });
}

async function redis(t: Test, machine: WineMachine): Promise<void> {
  const json = asking(machine);
  const { data } = placesOf(t);
  await own('redis', data);
  const port = await freePort();
  const open = async () => {
    const connection = await openResp({ host: '127.0.0.1', port }, NO_LIMIT);
    await connection.send(['AUTH', PASSWORD], NO_LIMIT);
    return connection;
  };
  const server = await startProcess(
    [
      ...[...AS('redis'), '/usr/bin/redis-server', '--bind', '127.0.0.1', '--port', String(port), '--dir', data],
      ...['--save', '', '--appendonly', 'no', '--requirepass', PASSWORD],
    ],
    async () => {
      (await open()).close();
      return true;
    },
  );
  t.teardown(() => server.stop('SIGTERM'));
  const file = configure(machine, `[quiescer redis]\nport = ${port}\npassword = ${PASSWORD}\n`);
  const writer = await open();
  t.teardown(() => writer.close());
  const write = () => attempt(writer.send(['INCR', 'n'], NO_LIMIT));

  chmodSync(file, 0o644);
  const refused = json('quiescers').error;
  t.match(refused, { code: 'config.invalid', message: /password stands in a file that .* may read/ });
  chmodSync(file, 0o600);
  t.match(json('quiescers').quiescers, [{ detected: { how: 'CLIENT PAUSE WRITE, BGSAVE', missing: [] } }]);

  t.equal(hold(machine), 0);
  const first = write();
  await sleep(BLOCKED_MS);
  t.notOk(first.isDone(), 'a writer waits');
  t.match(json('release'), { faults: [] });
  await first.done;

  t.equal(hold(machine), 0);
  const other = await open();
  await other.send(['CLIENT', 'UNPAUSE'], NO_LIMIT);
  other.close();
  await write().done;
  t.match(json('release').faults, [{ phase: 'quiesce', during: 'verify', message: /was written to meanwhile/ }]);

  t.equal(hold(machine), 0);
  const last = write();
  t.equal(endHolder(machine), 0);
  await last.done;
  t.pass('a pause ends with the process that renews it');
}

/** Notes what it is told, and does all of it. */
const CLIENT = `
const { appendFileSync } = require('node:fs');
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  appendFileSync('C:\\\\told.txt', line + ' ');
  console.log('done ' + line);
});
`;

/** What outlives its session must be told its release, by whoever is left. */
async function session(t: Test, machine: WineMachine): Promise<void> {
  writeFileSync(join(machine.disk, 'client.cjs'), CLIENT);
  const says = ['hold = lock', 'held = done lock', 'verify = look', 'verified = done look'];
  const more = ['release = unlock', 'released = done unlock', 'outlives = yes'];
  const client = 'client = C:\\Program Files\\quiesced\\node.exe, C:\\client.cjs';
  configure(machine, ['[quiescer session.kept]', client, ...says, ...more, ''].join('\n'));
  const told = () => readFileSync(join(machine.disk, 'told.txt'), 'utf8');
  t.equal(hold(machine), 0);
  t.equal(told(), 'lock ');
  t.equal(endHolder(machine), 0);
  t.ok(await until(async () => told() === 'lock unlock ', MINUTE), 'its feeder outlives the process that held');
}
