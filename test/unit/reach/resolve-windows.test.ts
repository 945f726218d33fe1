import t from 'tap';
import { resolve } from '../../../agent/reach/connect.ts';
import { fakeSystem } from '../../fakes/system.ts';

t.test('names are found on Windows without a program, which anybody may have put there', async (t) => {
  const system = fakeSystem({ platform: 'windows', programs: { getent: { stdout: '203.0.113.9  STREAM\n' } } });
  t.teardown(system.cleanUp);
  const found = await resolve(system, 'localhost', 1000, AbortSignal.timeout(60_000));
  t.notOk(found.includes('203.0.113.9'));
  t.ok(found.length > 0);
  t.strictSame(system.ran, []);
});
