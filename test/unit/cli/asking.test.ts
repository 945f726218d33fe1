import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { askDaemon } from '../../../agent/cli/asking.ts';
import type { CommandContext } from '../../../agent/cli/context.ts';
import { endpointOf } from '../../../agent/control/endpoint.ts';
import { UserError } from '../../../agent/errors.ts';
import { fakeSystem } from '../../fakes/system.ts';

/** A daemon that thinks for a while about each POST, and then begins it, or refuses it; and a client's Ctrl-C meanwhile. */
async function interrupted(t: Test, daemon: 'begins it' | 'is busy') {
  const system = fakeSystem();
  const endpoint = endpointOf(system);
  mkdirSync(dirname(endpoint), { recursive: true });
  const released = Promise.withResolvers<void>();
  const asked: (string | undefined)[] = [];
  const server = createServer(async ({ method }, response) => {
    asked.push(method);
    if (method === 'DELETE') released.resolve();
    else {
      await sleep(150);
      if (daemon === 'is busy') {
        response.writeHead(409).end('{"schema":1,"error":{"code":"lock.busy","message":"one at a time"}}');
        return;
      }
      response.writeProcessing();
      await released.promise;
    }
    response.end('{"schema":1,"consistency":"none"}');
  });
  await new Promise<void>((resolve) => server.listen(endpoint, resolve));
  t.teardown(() => {
    server.close();
    system.cleanUp();
  });
  const end = new AbortController();
  const context = { system, signal: end.signal } as unknown as CommandContext;
  const answer = askDaemon(context, 'snapshot', {}).catch((error: unknown) => error);
  await sleep(50);
  end.abort(new UserError('ended', 'ended by SIGINT'));
  return { answer: await answer, asked, context };
}

t.test("Ctrl-C has one's own run released as soon as it has begun, and waits for what comes of it", async (t) => {
  const { answer, asked, context } = await interrupted(t, 'begins it');
  t.strictSame(asked, ['POST', 'DELETE']);
  t.match(answer, { consistency: 'none' });
  await t.rejects(askDaemon(context, 'snapshot', {}), { code: 'ended' }, 'afterwards nothing is asked for any more');
  t.equal(asked.length, 2);
});

t.test("Ctrl-C releases nothing as long as it is somebody else's run that is under way", async (t) => {
  const { answer, asked } = await interrupted(t, 'is busy');
  t.match(answer, { code: 'lock.busy' });
  await sleep(100);
  t.strictSame(asked, ['POST']);
});
