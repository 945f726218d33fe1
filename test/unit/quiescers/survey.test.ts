import t, { type Test } from 'tap';
import { renderSurvey } from '../../../agent/cli/render-quiescers.ts';
import { createQuiescers } from '../../../agent/quiescers/configured.ts';
import { surveyDatabases } from '../../../agent/quiescers/survey.ts';
import { unheldDatabases } from '../../../agent/quiescers/unheld.ts';
import { load, MAIN } from '../../fakes/config.ts';
import { fakeSystem } from '../../fakes/system.ts';
import { processFiles } from '../checks/machine.ts';

/** A server that listens on a socket, and maybe lives in a container. */
const server = (pid: number, argv: readonly string[], socket: string, cgroup = '/system.slice/x.service') => ({
  ...processFiles(pid, (argv[0] ?? '').replace(/^.*\//, ''), argv),
  [`/proc/${pid}/fd/5`]: `-> socket:[${pid}00]`,
  [`/proc/${pid}/net/unix`]: `Num RefCount Protocol Flags Type St Inode Path\n0000: 00000002 00000000 00010000 0001 01 ${pid}00 ${socket}\n`,
  [`/proc/${pid}/cgroup`]: `0::${cgroup}\n`,
});
const MAIN_PG = server(810, ['/usr/lib/postgresql/15/bin/postgres'], '/run/postgresql/.s.PGSQL.5432');
const OTHER_PG = server(820, ['/usr/lib/postgresql/15/bin/postgres'], '/run/postgresql/.s.PGSQL.5433');
const IN_DOCKER = server(830, ['/usr/sbin/mariadbd'], '/run/mysqld/mysqld.sock', '/docker/4f1d');

async function surveyed(t: Test, text: string, ...servers: readonly Readonly<Record<string, string>>[]) {
  const system = fakeSystem({ files: Object.assign({ '/proc/self/ns/pid': '-> pid:[1]' }, ...servers) });
  t.teardown(() => system.cleanUp());
  const quiescers = await createQuiescers(system, (await load({ [MAIN]: text })).config, []);
  return { databases: await surveyDatabases(system, quiescers), unheld: await unheldDatabases(system, quiescers) };
}

t.test('one that nothing holds comes with the lines to add', async (t) => {
  const { databases, unheld } = await surveyed(t, '', MAIN_PG);
  t.match(databases, [
    { kind: 'postgresql', pid: 810, sockets: ['/run/postgresql/.s.PGSQL.5432'], add: ['[quiescer postgresql]'] },
  ]);
  t.strictSame(unheld, ['PostgreSQL']);
});

t.test('the only one of its kind is meant by the kind alone', async (t) => {
  const { databases, unheld } = await surveyed(t, '[quiescer postgresql]\n', MAIN_PG);
  t.match(databases, [{ heldBy: 'postgresql' }]);
  t.strictSame(unheld, []);
});

t.test('several are told apart', async (t) => {
  const none = await surveyed(t, '[quiescer postgresql]\n', MAIN_PG, OTHER_PG);
  t.strictSame(none.unheld, ['PostgreSQL'], 'nobody knows which is meant');
  const { databases, unheld } = await surveyed(t, '[quiescer postgresql.main]\nport = 5432\n', MAIN_PG, OTHER_PG);
  t.match(databases, [
    { heldBy: 'postgresql.main' },
    { add: ['[quiescer postgresql.5433]', 'socket-folder = /run/postgresql', 'port = 5433'] },
  ]);
  t.strictSame(unheld, ['PostgreSQL'], 'one of them is not held, and that is told');
});

t.test('a program of a login user that has its name does not stand in for it', async (t) => {
  const fake = { ...OTHER_PG, '/proc/820/status': 'Uid:\t1000\t1000\t1000\t1000\n' };
  const { databases } = await surveyed(t, '[quiescer postgresql]\n', MAIN_PG, fake);
  t.match(databases, [{ heldBy: 'postgresql' }, { add: [/login user/, /only where it is named/, /postgresql\.5433/] }]);
  const alone = await surveyed(t, '[quiescer postgresql]\n', fake);
  t.notOk('heldBy' in (alone.databases[0] ?? {}), 'nor is it connected to where it is the only one');
  const named = await surveyed(t, '[quiescer postgresql]\nport = 5433\n', fake);
  t.match(named.databases, [{ heldBy: 'postgresql' }]);
});

t.test('what lives in a container is told, and held by nobody', async (t) => {
  const { databases, unheld } = await surveyed(t, '[quiescer mariadb]\n', IN_DOCKER);
  t.match(databases, [{ title: 'MariaDB in a container', contained: true }]);
  t.notOk('add' in (databases[0] ?? {}));
  t.strictSame(unheld, ['MariaDB in a container']);
});

t.test('one without a quiescer of its own is for a session', async (t) => {
  const mongod = server(840, ['/usr/bin/mongod'], '/tmp/mongodb-27017.sock');
  const { databases } = await surveyed(t, '', mongod);
  t.match(databases[0]?.add, ['[quiescer session.mongodb]', /docs\/quiescers\.md/, 'covers = mongodb']);
  const session = await surveyed(t, '[quiescer session.m]\ncovers = mongodb\n', mongod);
  t.match(session.databases, [{ heldBy: 'session.m' }]);
});

t.test('for people, within 80 columns', async (t) => {
  const { databases } = await surveyed(t, '', MAIN_PG, IN_DOCKER);
  const detected = {
    version: '15.18',
    blocks: 'nothing',
    how: 'CHECKPOINT, then the freeze',
    missing: [{ what: 'x may not', remedy: 'GRANT it;' }],
    stale: [],
    folders: [],
  } as const;
  const quiescers = [
    { id: 'postgresql', title: 'PostgreSQL', detected },
    { id: 'redis', title: 'Redis', error: { message: 'connect ECONNREFUSED' } },
  ];
  const text = renderSurvey({ databases, quiescers }, 80);
  t.match(text, /PostgreSQL: process 810, \/run\/postgresql\/\.s\.PGSQL\.5432/);
  t.match(text, /→ GRANT it;/);
  t.match(text, /Redis cannot be asked: connect ECONNREFUSED/);
  t.ok(text.split('\n').every((line) => line.length <= 80));
});
