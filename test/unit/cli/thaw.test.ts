import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import t, { type Test } from 'tap';
import { thaw } from '../../../agent/cli/commands/thaw.ts';
import type { CommandContext } from '../../../agent/cli/context.ts';
import { parseCommandLine } from '../../../agent/cli/flags.ts';
import { COMMANDS } from '../../../agent/cli/table.ts';
import { endpointOf } from '../../../agent/control/endpoint.ts';
import { fakeSystem } from '../../fakes/system.ts';

/** A socket whose owner never answers, as that of systemd for a daemon that is about to be started. */
async function thawBeside(t: Test, ...argv: readonly string[]) {
  const system = fakeSystem();
  const endpoint = endpointOf(system);
  mkdirSync(dirname(endpoint), { recursive: true });
  let asked = 0;
  const server = createServer((socket) => {
    asked += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(endpoint, resolve));
  t.teardown(() => {
    server.close();
    system.cleanUp();
  });
  const printed: string[] = [];
  const context = {
    system,
    given: parseCommandLine(['thaw', ...argv], COMMANDS),
    json: false,
    width: 80,
    print: (text: string) => printed.push(text),
    note: () => undefined,
    agentInAnyCase: async () => ({
      thawOwed: async () => ({ thawed: ['/data'], faults: [] }),
      recoverUnlessBusy: async () => undefined,
    }),
  } as unknown as CommandContext;
  const code = await thaw(context);
  return { asked, code, text: printed.join('') };
}

t.test('whoever holds is asked, and where he does not answer the records say it', async (t) => {
  t.strictSame(await thawBeside(t), { asked: 1, code: 0, text: 'Thawed /data\n' });
});

t.test('by the records alone nobody is asked: to ask would start a daemon that systemd is ending', async (t) => {
  t.strictSame(await thawBeside(t, '--by-records'), { asked: 0, code: 0, text: 'Thawed /data\n' });
});
