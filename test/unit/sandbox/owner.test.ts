import t from 'tap';
import { isGone, parseOwner, thisOwner } from '../../../agent/sandbox/owner.ts';
import { fakeSystem } from '../../fakes/system.ts';

const statOf = (pid: number, started: number, state = 'S'): string =>
  `${pid} (a (strange) name) ${state} 1 ${pid} ${pid} ${'0 '.repeat(15)}${started} 0 0`;

const machine = (files: Readonly<Record<string, string>> = {}) =>
  fakeSystem({
    files: {
      '/proc/sys/kernel/random/boot_id': 'b00t\n',
      '/proc/self/ns/pid': '-> pid:[1]',
      [`/proc/${process.pid}/stat`]: statOf(process.pid, 500),
      '/proc/77/stat': statOf(77, 900),
      ...files,
    },
  });

t.test('this process is known again, and is not gone', async (t) => {
  const system = machine();
  t.teardown(system.cleanUp);
  const owner = await thisOwner(system);
  t.strictSame(owner, { pid: process.pid, started: 500, bootId: 'b00t', pidNamespace: 'pid:[1]' });
  t.strictSame(parseOwner(JSON.stringify(owner)), owner);
  t.equal(await isGone(system, owner), false);
});

const there = { pid: 77, started: 900, bootId: 'b00t', pidNamespace: 'pid:[1]' };

for (const [title, owner, files, gone] of [
  ['a living process', there, {}, false],
  ['a pid that another process has now', { ...there, started: 899 }, {}, true],
  ['a pid that nobody has', { ...there, pid: 78 }, {}, true],
  ['a process of an earlier boot', { ...there, bootId: 'old' }, {}, true],
  ['a zombie', there, { '/proc/77/stat': statOf(77, 900, 'Z') }, true],
  [
    'a process of another pid namespace, which cannot be seen',
    { ...there, pid: 78, pidNamespace: 'pid:[2]' },
    {},
    false,
  ],
] as const) {
  t.test(`${title} is ${gone ? '' : 'not '}gone`, async (t) => {
    const system = machine(files);
    t.teardown(system.cleanUp);
    t.equal(await isGone(system, owner), gone);
  });
}

t.test('a record that is none is not taken for one', async (t) => {
  for (const text of ['', '{', '{}', '{"pid":"1","started":1,"bootId":"x","pidNamespace":"y"}']) {
    t.equal(parseOwner(text), undefined);
  }
});
