/** PostgreSQL and MariaDB held on Windows (Wine), through clients that are relayed to those of this machine. */
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { AS } from '../databases/engine.ts';
import { clientTo, mariadb } from '../databases/engine-mariadb.ts';
import { postgresql, psqlTo } from '../databases/engine-postgresql.ts';
import { sqlClient } from '../databases/sql-client.ts';
import { until } from '../system/loop-observe.ts';
import {
  asking,
  attempt,
  BLOCKED_MS,
  configure,
  endHolder,
  freePort,
  hold,
  holderHere,
  MINUTE,
  placesOf,
} from './database-rig.ts';
import { WINE, type WineMachine, wineMachine } from './machine.ts';
import type { RelayedProgram } from './relay-server.ts';

const missing = () => postgresql('').missing() || mariadb('', 'stage').missing();
const skip = existsSync(WINE) ? missing() : 'Wine is not installed: see test/wine/setup.ts';

/** Clients of Windows by which those of this machine are called. */
async function relay(t: Test, { disk }: WineMachine, programs: Readonly<Record<string, RelayedProgram>>) {
  const port = await freePort();
  const folder = join(disk, 'relay');
  mkdirSync(folder);
  copyFileSync(join(import.meta.dirname, 'relay-program.ts'), join(folder, 'relay.ts'));
  for (const name of Object.keys(programs)) {
    const call = `"C:\\Program Files\\quiesced\\node.exe" --no-warnings C:\\relay\\relay.ts ${port} ${name} %*`;
    writeFileSync(join(folder, `${name}.cmd`), `@${call}\r\n`);
  }
  const program = join(import.meta.dirname, 'relay-server.ts');
  const argv = ['--no-warnings', program, String(port), JSON.stringify(programs)];
  const server = spawn(process.execPath, argv, { stdio: 'ignore' });
  t.teardown(() => server.kill('SIGKILL'));
}

t.test('PostgreSQL and MariaDB', { skip, timeout: 9 * MINUTE }, async (t) => {
  const machine = await wineMachine(t);
  const json = asking(machine);
  const [pgPlaces, myPlaces] = [placesOf(t), placesOf(t)];
  const pg = await postgresql('postgresql').start(pgPlaces);
  t.teardown(() => pg.stop());
  const my = await mariadb('mariadb', 'stage').start(myPlaces);
  t.teardown(() => my.stop());
  const [psql = '', ...way] = psqlTo(pgPlaces);
  await relay(t, machine, {
    psql: { argv: [...AS('postgres'), psql], way: way.slice(way.indexOf('-h')) },
    mariadb: { argv: ['mariadb'], way: clientTo(myPlaces).filter((word) => /^--(socket|database)=/.test(word)) },
  });
  const sections = `[quiescer postgresql]
port = 5432
client = C:\\relay\\psql.cmd
[quiescer mariadb]
port = 3306
client = C:\\relay\\mariadb.cmd
`;
  configure(machine, sections);
  const admin = await sqlClient(psqlTo(pgPlaces), 'postgres');
  t.teardown(() => admin.close());
  const ours = "FROM pg_stat_activity WHERE application_name = 'quiesced'";
  const sessions = async () => Number((await admin.ask(`SELECT count(*) ${ours}`))[0]?.[0]);
  const writer = await my.writer();
  t.teardown(() => writer.close());

  t.match(json('quiescers').quiescers, [
    { detected: { how: 'CHECKPOINT, then the shadow copy', missing: [], blocks: 'nothing' } },
    { detected: { how: /BACKUP STAGE BLOCK_COMMIT/, missing: [], blocks: 'commits' } },
  ]);
  const checked = json('check', '--only', 'app.db-connect,app.db-long-query,app.stale-lock').findings;
  t.strictSame(
    checked.map(({ id, verdict }: Record<string, string>) => `${id} ${verdict}`),
    ['app.db-connect pass', 'app.db-long-query pass', 'app.stale-lock pass'],
    'the checks ask them too',
  );
  t.equal(hold(machine), 0);
  t.equal(await sessions(), 1, 'its session is there');
  const first = attempt(writer.add(1));
  await sleep(BLOCKED_MS);
  t.notOk(first.isDone(), 'a commit waits');
  t.match(json('release'), { faults: [] });
  await first.done;
  t.ok(await until(async () => (await sessions()) === 0, MINUTE));

  t.equal(hold(machine), 0);
  await admin.ask(`SELECT pg_terminate_backend(pid) ${ours}`);
  t.match(json('release').faults, [{ phase: 'quiesce', during: 'verify', message: /^PostgreSQL: / }], 'it was lost');

  t.equal(hold(machine), 0);
  const last = attempt(writer.add(2));
  t.equal(endHolder(machine), 0);
  await last.done;
  t.ok(await until(async () => (await sessions()) === 0, MINUTE), 'free with the process that held it');

  configure(machine, `[snapshot]\nquiesce-deadline = 15s\n${sections}`);
  t.equal(hold(machine, '15s'), 0);
  const stopped = holderHere(machine);
  process.kill(stopped, 'SIGSTOP');
  t.teardown(() => process.kill(stopped, 'SIGKILL'));
  await writer.add(3);
  t.ok(await until(async () => (await sessions()) === 0, MINUTE), 'and at the deadline, if that was only stopped');
});
