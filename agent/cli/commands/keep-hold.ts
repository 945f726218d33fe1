import { endpointOf, makeWayTo } from '../../control/endpoint.ts';
import type { HoldRequest } from '../../control/protocol.ts';
import { holdRequest } from '../../control/requests.ts';
import { type Server, startServer } from '../../control/server.ts';
import { holdWishes, type Run } from '../../daemon.ts';
import { usageError } from '../../errors.ts';
import { lockBusy } from '../../system/lock.ts';
import type { System } from '../../system/system.ts';
import type { Command } from '../context.ts';

/**
 * The process behind `hold` and `freeze` where no daemon runs: says on its output when it holds, or why it does not,
 * and answers on the endpoint as long as it does.
 */
export const keepHold: Command = async ({ agent, given, print, signal, system }) => {
  // Whoever started us has read the first line and gone.
  process.stdout.on('error', () => undefined);
  if (given.words[0] === undefined) throw usageError('keep-hold needs its request: use quiesced hold', 'hold');
  const request = holdRequest(JSON.parse(given.words[0]));
  let server: Server | undefined;
  const serve = async () => {
    server = await serveRun(system, request, () => run);
  };
  const run: Run = await (await agent()).hold(holdWishes(request), signal, serve);
  try {
    const first = await Promise.race([run.held, run.ended]);
    print(`${JSON.stringify(first)}\n`);
    const outcome = await run.ended;
    if ('state' in first) print(`${JSON.stringify(outcome)}\n`);
    return 0;
  } finally {
    await server?.close();
  }
};

async function serveRun(system: System, { kind }: HoldRequest, run: () => Run): Promise<Server> {
  await makeWayTo(system);
  const since = system.clock.now().toISOString();
  return startServer(endpointOf(system), {
    routes: {
      status: async () => ({ schema: 1, run: run().status() }),
      release: () => run().release(),
    },
    busy: () => lockBusy({ command: `quiesced ${kind}`, pid: process.pid, since }),
  });
}
