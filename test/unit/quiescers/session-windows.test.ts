/** A session of Windows that outlives its client, against a program that keeps the product's state. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { windowsWithClients } from './windows-machine.ts';

const LIMIT = AbortSignal.timeout(120_000);
const CLIENT = 'C:\\oracle\\bin\\sqlplus.exe';

async function sceneOf(t: Test, deadline: string) {
  const { quiescer, folder } = windowsWithClients(t, { clients: { [CLIENT]: 'fake-session.sh' } });
  const state = join(folder, 'state');
  const section = `[quiescer session.oracle]
client = ${CLIENT}, ${state}
hold = "alter database begin backup;"
held = Database altered*
verify = "select 'quiesced ' || decode(count(*), 0, 'no', 'still') from v$backup;"
verified = *quiesced still*
release = "alter database end backup;"
released = Database altered*
outlives = yes
`;
  const held = () => existsSync(state) && readFileSync(state, 'utf8').trim() === '1';
  return {
    held,
    session: await quiescer(`[snapshot]\nquiesce-deadline = ${deadline}\nfrozen-deadline = 500ms\n${section}`),
  };
}

t.setTimeout(180_000);

t.test('held, verified, released', async (t) => {
  const { session, held } = await sceneOf(t, '60s');
  await session.hold(LIMIT);
  t.ok(held());
  await session.verify(LIMIT);
  await session.release(LIMIT);
  t.notOk(held());
});

t.test('when the time is up the client says the release by itself', async (t) => {
  const { session, held } = await sceneOf(t, '1s');
  await session.hold(LIMIT);
  for (let count = 0; count < 600 && held(); count += 1) await sleep(100);
  t.notOk(held());
  await session.release(AbortSignal.timeout(2000)).catch(() => undefined);
});
