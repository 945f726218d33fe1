import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readIni } from '../../../agent/config/ini.ts';
import { defaultConfig } from '../../../agent/config/load.ts';
import { createQuiescers } from '../../../agent/quiescers/configured.ts';
import { parseWorkload, readWorkload, WORKLOAD_CONF, workloadCodeOf } from '../../../agent/quiescers/workload.ts';
import { fakeSystem } from '../../fakes/system.ts';

const workload = (...lines: readonly string[]) => `[workload]\n${lines.join('\n')}\n`;
const settingsOf = (text: string) =>
  Object.fromEntries(
    Object.entries(parseWorkload(text)?.quiescer.settings ?? {}).map(([key, { value }]) => [key, value]),
  );

t.test('what names no workload asks for nothing', async (t) => {
  t.equal(parseWorkload(''), undefined);
  t.equal(parseWorkload(workload('workload_name =', 'timeout = 90')), undefined, "Microsoft's template");
  const system = fakeSystem();
  t.teardown(() => system.cleanUp());
  t.equal(await readWorkload(system), undefined);
});

t.test('nor on Windows, where every user may make one', async (t) => {
  const system = fakeSystem({ platform: 'windows', files: { [WORKLOAD_CONF]: '[workload]\nworkload_name = mysql\n' } });
  t.teardown(() => system.cleanUp());
  t.equal(await readWorkload(system), undefined);
});

t.test('each becomes a quiescer that ours can make', async (t) => {
  const texts = {
    'mysql.workload': workload(
      'workload_name = mysql',
      'credString = --login-path=backup',
      'command_path = /opt/mysql/bin',
    ),
    'mariadb.workload': workload('workload_name: MariaDB', 'linux_user: mysql', 'timeout: 30'),
    'postgresql.workload': workload('workload_name = postgres', 'linux_user = postgres'),
    'session.workload': workload('workload_name = oracle', 'linux_user = oracle', 'command_path = /u01/bin/'),
  };
  for (const [name, text] of Object.entries(texts)) {
    const system = fakeSystem({ files: { [WORKLOAD_CONF]: text } });
    t.teardown(() => system.cleanUp());
    const read = await readWorkload(system);
    t.equal(read?.quiescer.name, name);
    const config = { ...(await defaultConfig('linux')), quiescers: read === undefined ? [] : [read.quiescer] };
    t.match(await createQuiescers(system, config, []), [{ id: name }]);
  }
  t.strictSame(settingsOf(texts['mysql.workload']), { client: '/opt/mysql/bin/mysql', 'login-path': 'backup' });
  t.equal(parseWorkload(texts['mariadb.workload'])?.quiescer.timeoutMs, 30_000);
  t.match(settingsOf(texts['session.workload']), {
    client: '/u01/bin/sqlplus, -S, -L, / as sysbackup',
    outlives: 'yes',
  });
});

t.test('Oracle is held as the page says', async (t) => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/quiescers.md'), 'utf8');
  const [, section = ''] = /```ini\n(\[quiescer session\.oracle\][^`]+)```/.exec(page) ?? [];
  const said = Object.fromEntries(readIni('page', section).entries.map(({ key, value }) => [key, value]));
  const settings = settingsOf(
    workload('workload_name = oracle', 'command_path = /opt/oracle/product/19c/dbhome_1/bin'),
  );
  t.strictSame(settings, said);
});

t.test('what cannot be honoured is said, by its number', async (t) => {
  const mysql = (...lines: readonly string[]) => workload('workload_name = mysql', 'linux_user = mysql', ...lines);
  for (const [azureCode, text] of [
    [503, workload('workload_name = db2')],
    [505, workload('workload_name = mysql')],
    [502, mysql('role = witness')],
    [502, mysql('enforceSlaveOnly = 1')],
    [501, mysql('credString = -u root -psecret')],
    [501, mysql('dbnames = a;b')],
    [501, mysql('customScriptEnabled = 1')],
    [501, mysql('timeout = soon')],
    [501, mysql('role = master', 'role = slave')],
    [501, workload('workload_name = oracle', 'configuration_path = /etc/oratab')],
    [501, workload('workload_name = postgres', 'credString = x')],
    [501, 'workload_name = mysql\n'],
  ] as const) {
    t.match(refusal(text), { azureCode, remedy: /./ }, text);
  }
  t.match(parseWorkload(`${mysql()}[logbackup]\nbaseLocation = /x\n`)?.warnings, [/logbackup/]);
  t.strictSame(parseWorkload(mysql('role = slave', 'enforceSlaveOnly = 1', 'ipc_folder = /x'))?.warnings, []);
});

t.test('faults of a run have numbers too', async (t) => {
  for (const [code, during, message] of [
    [510, 'verify', 'psql has ended'],
    [504, 'leave', 'no connection'],
    [509, 'enter', 'MySQL: to hold it took longer than 60 s'],
    [505, 'enter', "mysql has ended: ERROR 1045 (28000): Access denied for user 'x'"],
    [506, 'enter', "mysql has ended: ERROR 2002: Can't connect to local server"],
    [511, 'enter', 'sqlplus has ended: ORA-01123: cannot start online backup; media recovery not enabled'],
    [500, 'enter', 'whatever else'],
  ] as const) {
    t.equal(workloadCodeOf({ during, message }), code, message);
  }
});

function refusal(text: string): unknown {
  try {
    return parseWorkload(text);
  } catch (error) {
    return error;
  }
}
