import t from 'tap';
import { holdersOf, lockingPids } from '../../../agent/system/lock-holders.ts';
import { fakeSystem } from '../../fakes/system.ts';
import { assert, integer, property, string } from '../../fast-check.ts';

const LOCKS = [
  '1: POSIX  ADVISORY  WRITE 3548 08:01:2108 0 EOF',
  '1: -> POSIX  ADVISORY  WRITE 3549 08:01:2108 0 EOF',
  '2: FLOCK  ADVISORY  WRITE 4000 00:18:12 0 EOF',
  '3: OFDLCK ADVISORY  READ  -1 00:06:1028 0 EOF',
  '4: LEASE  ACTIVE    READ  4100 08:01:7 0 EOF',
  '5: POSIX  ADVISORY  READ  3548 08:01:2109 128 128',
  '6: POSIX  ADVISORY  WRITE 0 08:01:2110 0 EOF',
].join('\n');

t.strictSame(lockingPids(LOCKS), [3548, 4000], 'each process once; not who waits, nor who is nobody');

t.test('any line: no pid that is not there', async (t) => {
  assert(
    property(string({ unit: 'binary' }), integer({ min: 1, max: 2 ** 22 }), (noise, pid) => {
      const line = `1: POSIX  ADVISORY  WRITE ${pid} 08:01:1 0 EOF`;
      return (
        lockingPids(`${noise.replaceAll('\n', ' ')}\n${line}`).includes(pid) && lockingPids(`x${line}`).length === 0
      );
    }),
  );
  t.pass();
});

t.test('nobody has it open', async (t) => {
  const fake = fakeSystem({ files: { '/proc/locks': LOCKS } });
  t.teardown(() => fake.cleanUp());
  t.strictSame(await holdersOf(fake, ['/var/lib/dpkg/lock']), []);
});

t.test('a lock that is held, and one that is only open', async (t) => {
  const files = (lines: string) => ({
    '/proc/locks': LOCKS,
    '/proc/3548/comm': 'dpkg\n',
    '/proc/3548/fd/3': '-> /dev/null',
    '/proc/3548/fd/4': '-> /var/lib/dpkg/lock',
    '/proc/3548/fdinfo/4': lines,
  });
  const held = 'pos:\t0\nflags:\t02100002\nmnt_id:\t29\nlock:\t1: POSIX  ADVISORY  WRITE 3548 08:01:2108 0 EOF\n';
  for (const [lines, expected] of [
    [held, [{ path: '/var/lib/dpkg/lock', pid: 3548, command: 'dpkg' }]],
    ['pos:\t0\nflags:\t02100002\n', []],
  ] as const) {
    const fake = fakeSystem({ files: files(lines) });
    t.teardown(() => fake.cleanUp());
    t.strictSame(await holdersOf({ ...fake, resolve: (path) => path }, ['/var/lib/dpkg/lock', '/else']), expected);
  }
});
