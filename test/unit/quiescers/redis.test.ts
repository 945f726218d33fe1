/** Redis as far as it is asked before it is paused; the real one is in test/databases. */
import { createServer } from 'node:net';
import t, { type Test } from 'tap';
import { createQuiescers } from '../../../agent/quiescers/configured.ts';
import { load, MAIN } from '../../fakes/config.ts';
import { fakeSystem } from '../../fakes/system.ts';

const LIMIT = AbortSignal.timeout(60_000);

/** A server that says this of itself, and the commands that it is given. */
async function serverOf(t: Test, info: string) {
  const told: string[] = [];
  const server = createServer((socket) => {
    socket.on('data', (chunk) => {
      const words = chunk
        .toString()
        .split('\r\n')
        .filter((_, at) => at % 2 === 0)
        .slice(1);
      told.push(words.join(' '));
      socket.write(words[0] === 'INFO' ? `$${info.length}\r\n${info}\r\n` : '+OK\r\n');
    });
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const address = server.address();
  return { told, port: typeof address === 'object' ? address?.port : undefined };
}

t.test('what was not paused by us is not ours to let go', async (t) => {
  const { told, port } = await serverOf(t, 'redis_version:5.0.14\r\n');
  const system = fakeSystem();
  t.teardown(system.cleanUp);
  const { config } = await load({ [MAIN]: `[quiescer redis]\nhost = 127.0.0.1\nport = ${port}\n` });
  const [redis] = await createQuiescers(system, config, []);
  await t.rejects(redis?.hold(LIMIT) ?? Promise.resolve(), { code: 'quiescer.missing' });
  await redis?.release(LIMIT);
  t.strictSame(
    told,
    ['server', 'persistence', 'clients', 'replication'].map((section) => `INFO ${section}`),
  );
});
