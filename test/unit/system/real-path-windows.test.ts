import t from 'tap';
import { realPathsOf } from '../../../agent/system/real-path.ts';
import { fakeSystem } from '../../fakes/system.ts';

/** Links and junctions by their places, as Node gives them out. */
const real = async (links: Readonly<Record<string, string>>, ...paths: readonly string[]) => {
  const fake = fakeSystem({ platform: 'windows' });
  fake.cleanUp();
  return realPathsOf({ ...fake, readLink: async (path) => links[path] }, paths);
};

t.test('where a path of Windows leads', async (t) => {
  t.strictSame(await real({}, 'c:/Program Files/PostgreSQL/17/data', 'C:\\Program Files\\PostgreSQL\\17\\data\\'), [
    'C:\\Program Files\\PostgreSQL\\17\\data',
  ]);
  const links = { 'C:\\data\\pg_wal': 'E:\\wal\\', 'E:\\wal': '..\\fast\\wal', 'C:\\here': 'C:\\here' };
  t.strictSame(await real(links, 'C:\\data\\pg_wal\\1', 'C:\\data\\..\\x'), ['E:\\fast\\wal\\1', 'C:\\x']);
  t.strictSame(await real(links, 'C:\\here\\a'), ['C:\\here\\a'], 'a loop stays as it is');
});

t.test('a volume in a folder, and what is on another machine, stay as they are written', async (t) => {
  const links = { 'C:\\mnt': '\\\\?\\Volume{0f}\\' };
  t.strictSame(await real(links, 'C:\\mnt\\data', '\\\\server\\share\\a\\..\\b', '/var/lib/redis'), [
    'C:\\mnt\\data',
    '\\\\server\\share\\b',
    '\\var\\lib\\redis',
  ]);
});
