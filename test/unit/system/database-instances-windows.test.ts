import t from 'tap';
import { runningInstances } from '../../../agent/system/database-instances.ts';
import { FAMILIES, listenersIn, portsOf, type RunningProgram } from '../../../agent/system/programs-windows.ts';
import { fakeSystem } from '../../fakes/system.ts';

const program = (
  pid: number,
  parent: number,
  name: string,
  ports: readonly number[] = [],
  session = 0,
): RunningProgram => ({ pid, parent, name, session, ports });

const found = async (...programs: readonly RunningProgram[]) => {
  const fake = fakeSystem({ platform: 'windows' });
  fake.cleanUp();
  return runningInstances({ ...fake, programs: { list: async () => programs } });
};

t.test('a server with processes of its own name is one', async (t) => {
  const instances = await found(
    program(4, 0, 'System', [445]),
    program(900, 700, 'pg_ctl.exe'),
    program(910, 900, 'postgres.exe', [5432]),
    program(920, 910, 'postgres.exe'),
    program(930, 910, 'postgres.exe'),
    program(800, 700, 'mysqld.exe'),
    program(810, 800, 'mysqld.exe', [3306, 33060]),
  );
  t.strictSame(
    instances.map(({ kind, pid, ports, doubtful, contained }) => ({ kind, pid, ports, doubtful, contained })),
    [
      { kind: 'mysql', pid: 800, ports: [3306], doubtful: false, contained: false },
      { kind: 'postgresql', pid: 910, ports: [5432], doubtful: false, contained: false },
    ],
  );
});

t.test('two of a kind are two, whatever their case', async (t) => {
  const instances = await found(
    program(1, 0, 'redis-server.exe', [6379]),
    program(2, 0, 'MEMURAI.EXE', [6380]),
    program(3, 0, 'MariaDBd.exe', [3307]),
  );
  t.match(instances, [{ kind: 'redis' }, { kind: 'redis' }, { kind: 'mariadb', ports: [3307] }]);
});

t.test('what somebody runs who has logged on is doubtful, and so is what nobody tells of', async (t) => {
  t.match(await found(program(1, 0, 'redis-server.exe', [6379], 2)), [{ doubtful: true }]);
  t.match(await found({ pid: 1, parent: 0, name: 'redis-server.exe', ports: [], session: undefined }), [
    { doubtful: true },
  ]);
});

t.test('numbers that were given anew lead nowhere', async (t) => {
  t.equal((await found(program(1, 2, 'postgres.exe'), program(2, 1, 'postgres.exe'))).length > 0, true);
  t.equal((await found(program(1, 1, 'postgres.exe'))).length, 1);
});

t.test('those that have a writer of VSS are not looked for', async (t) => {
  t.strictSame(await found(program(1, 0, 'sqlservr.exe', [1433]), program(2, 0, 'oracle.exe', [1521])), []);
});

t.test('who listens, as the kernel tells it', async (t) => {
  const table = Buffer.alloc(4 + 2 * 24);
  table.writeUInt32LE(2);
  table.writeUInt32BE(0x7f000001, 4 + 4);
  table.writeUInt16BE(5432, 4 + 8);
  table.writeUInt32LE(910, 4 + 20);
  table.writeUInt16BE(6379, 28 + 8);
  table.writeUInt32LE(1, 28 + 20);
  const [ipv4] = FAMILIES;
  t.strictSame(listenersIn(table, ipv4), [
    { pid: 910, port: 5432, address: '7f000001' },
    { pid: 1, port: 6379, address: '00000000' },
  ]);
  table.writeUInt32LE(1000);
  t.equal(listenersIn(table, ipv4).length, 2, 'no more than there are');
});

t.test('a port at which 127.0.0.1 leads to somebody else is not that of a server', async (t) => {
  const [everywhere, loopback] = ['00000000', '7f000001'];
  const listeners = [
    { pid: 1, port: 5432, address: everywhere },
    { pid: 2, port: 5432, address: loopback },
    { pid: 1, port: 5433, address: loopback },
    { pid: 1, port: 5433, address: everywhere },
    { pid: 1, port: 5431, address: '0a000005' },
    { pid: 1, port: 5430, address: '0'.repeat(32) },
  ];
  t.strictSame(portsOf(1, listeners), [5430, 5431, 5433]);
  t.strictSame(portsOf(2, listeners), [5432]);
});
