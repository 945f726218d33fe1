import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createQuiescers } from '../../../agent/quiescers/configured.ts';
import { load, MAIN } from '../../fakes/config.ts';
import { fakeSystem } from '../../fakes/system.ts';

const CLIENT = join(import.meta.dirname, '../../fixtures/fake-mysql.sh');
const LIMIT = AbortSignal.timeout(180_000);

async function created(t: Test) {
  const system = fakeSystem({ programs: { getent: { stdout: 'root:x:0:0:root:/root:/bin/sh\n' } } });
  t.teardown(() => system.cleanUp());
  const text = `[quiescer mariadb]\nsocket = /srv/my.sock\nclient = ${CLIENT}\n`;
  const [quiescer] = await createQuiescers(system, (await load({ [MAIN]: text })).config, []);
  if (quiescer === undefined) throw new Error('no quiescer was made');
  return quiescer;
}

t.test('what InnoDB keeps elsewhere must be frozen, too', async (t) => {
  const { folders } = await (await created(t)).detect(LIMIT);
  t.strictSame([...folders].sort(), ['/srv/my', '/srv/undo']);
});

t.test('a lock that is refused is no lock, whatever an option file says', async (t) => {
  const quiescer = await created(t);
  t.teardown(() => quiescer.release(LIMIT));
  await t.rejects(quiescer.hold(LIMIT), { message: /has ended: ERROR 1205/ });
});
