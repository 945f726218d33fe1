import { setTimeout as sleep } from 'node:timers/promises';
import { durationMs } from '../config/values.ts';
import { ask } from '../control/client.ts';
import { endpointOf } from '../control/endpoint.ts';
import type { RouteName } from '../control/protocol.ts';
import { UserError, usageError } from '../errors.ts';
import type { CommandContext } from './context.ts';

/** The server gives a sign of life every few seconds; a machine in trouble gets more patience than that. */
const SILENCE_MS = 20_000;

/**
 * Has the running daemon do it; undefined where none runs, and it is ours to do. Ctrl-C has it let go, and still waits
 * for what came of it.
 */
export async function askDaemon<Reply>(
  { system, signal }: CommandContext,
  route: RouteName,
  body?: unknown,
): Promise<Reply | undefined> {
  const endpoint = endpointOf(system);
  const begun = Promise.withResolvers<void>();
  // Not before it has begun: what is released is what is under way, and as long as that is somebody else's we are refused.
  const letGo = async () => {
    await begun.promise;
    await ask(endpoint, 'release', { silenceMs: SILENCE_MS }).catch(() => undefined);
  };
  signal.throwIfAborted();
  signal.addEventListener('abort', letGo);
  try {
    return await ask<Reply>(endpoint, route, { body, silenceMs: SILENCE_MS, onSign: begun.resolve });
  } finally {
    signal.removeEventListener('abort', letGo);
  }
}

const RETRY_MS = 250;

/** Tries again while somebody else is at work, for as long as --wait says. */
export async function patiently<T>(context: CommandContext, work: () => Promise<T>): Promise<T> {
  const { given, system, signal, progress } = context;
  const until = system.clock.monotonicMs() + waitOf(given.values.get('wait')?.[0], given.command?.name);
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const busy = error instanceof UserError && error.code === 'lock.busy';
      if (!busy || signal.aborted || system.clock.monotonicMs() >= until) throw error;
      progress(`waiting: ${error.message}`);
      await sleep(RETRY_MS);
      progress('');
    }
  }
}

function waitOf(text: string | undefined, command: string | undefined): number {
  const ms = text === undefined ? 0 : durationMs(text);
  if (ms === undefined || ms < 0) throw usageError(`--wait ${text} is not a time; examples: 500ms, 30s, 5m`, command);
  return ms;
}
