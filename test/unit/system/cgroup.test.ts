import t from 'tap';
import { createCgroup, ownCgroups, pidsInCgroup } from '../../../agent/system/cgroup.ts';
import { fakeSystem } from '../../fakes/system.ts';

const mount = (root: string, point: string, type: string, options: string): string =>
  `31 23 0:28 ${root} ${point} rw,relatime shared:9 - ${type} cgroup ${options}`;

t.test('our own groups', async (t) => {
  const unified = mount('/', '/sys/fs/cgroup', 'cgroup2', 'rw');
  t.strictSame(ownCgroups('0::/system.slice/quiesced.service\n', unified), [
    '/sys/fs/cgroup/system.slice/quiesced.service',
  ]);
  t.strictSame(ownCgroups('0::/\n', unified), ['/sys/fs/cgroup'], 'the root group');

  const hybrid = [
    mount('/', '/sys/fs/cgroup/systemd', 'cgroup', 'rw,name=systemd'),
    mount('/', '/sys/fs/cgroup/freezer', 'cgroup', 'rw,freezer'),
    mount('/', '/sys/fs/cgroup/pids', 'cgroup', 'rw,pids'),
    mount('/', '/sys/fs/cgroup/unified', 'cgroup2', 'rw'),
  ].join('\n');
  t.strictSame(
    ownCgroups('9:name=systemd:/a\n8:pids:/b\n6:freezer:/c\n0::/d', hybrid),
    ['/sys/fs/cgroup/unified/d', '/sys/fs/cgroup/freezer/c', '/sys/fs/cgroup/pids/b'],
    'the unified hierarchy first',
  );

  const part = mount('/docker/abc', '/sys/fs/cgroup/pids', 'cgroup', 'rw,pids');
  t.strictSame(ownCgroups('8:pids:/docker/abc/x', part), ['/sys/fs/cgroup/pids/x'], 'a mount that shows a part');
  t.strictSame(ownCgroups('8:pids:/docker/other', part), [], 'a part without us');
  t.strictSame(
    ownCgroups('8:cpu,pids:/z', mount('/', '/a\\040b', 'cgroup', 'rw,cpu,pids')),
    ['/a b/z'],
    'joined, and a blank',
  );
  t.strictSame(ownCgroups('', ''), []);
  t.strictSame(ownCgroups('nonsense', 'non sense\n\n - cgroup2'), []);
});

t.test('none on a disk that is examined, nor on Windows', async (t) => {
  for (const platform of ['linux', 'windows'] as const) {
    const system = fakeSystem({ platform, files: { '/proc/self/cgroup': '0::/\n' } });
    t.teardown(() => system.cleanUp());
    t.equal(await createCgroup(system, 'x'), undefined);
  }
});

t.test('who is in a group that somebody else made', async (t) => {
  const group = (path: string) => `9:name=systemd:/a\n0::${path}\n`;
  const system = fakeSystem({
    files: {
      '/proc/10/cgroup': group('/system.slice/quiesced.service/quiesced-x'),
      '/proc/11/cgroup': group('/user.slice/quiesced-x/below'),
      '/proc/12/cgroup': group('/system.slice/quiesced-xy'),
      '/proc/13/cgroup': group('/'),
      '/proc/14/stat': '',
      '/proc/self/cgroup': group('/quiesced-x'),
    },
  });
  t.teardown(() => system.cleanUp());
  t.strictSame([...pidsInCgroup(system, 'x')].sort(), [10, 11], 'its own, and those below it');
  const empty = fakeSystem();
  t.teardown(() => empty.cleanUp());
  t.strictSame(pidsInCgroup(empty, 'x'), []);
});
