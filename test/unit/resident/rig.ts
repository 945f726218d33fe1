import { defaultConfig } from '../../../agent/config/load.ts';
import { ask } from '../../../agent/control/client.ts';
import { endpointOf } from '../../../agent/control/endpoint.ts';
import type { RouteName } from '../../../agent/control/protocol.ts';
import type { Agent, Run } from '../../../agent/daemon.ts';
import { UserError } from '../../../agent/errors.ts';
import { createLog } from '../../../agent/log.ts';
import { type ResidentParts, reside } from '../../../agent/resident/resident.ts';
import type { Outcome } from '../../../agent/snapshot/outcome.ts';
import { fakeSystem } from '../../fakes/system.ts';

/** A daemon in this process, with an agent that freezes nothing. */
export interface Rig {
  /** What was said to the service manager, in order. */
  readonly said: string[];
  readonly logged: string[];
  /** What runs were asked for, and whether each has been given up. */
  readonly asked: string[];
  readonly parts: ResidentParts;
  /** Somebody else has the lock. */
  locked: boolean;
  /** Lets the run that is under way end. */
  finish(): void;
  start(): Promise<void>;
  end(): void;
  ask<Reply>(route: RouteName, body?: unknown): Promise<Reply | undefined>;
}

const OUTCOME = { schema: 1, consistency: 'none', faults: [] } as unknown as Outcome;

/** @param leaveMs how long a run takes to let go. */
export async function rigOf(
  t: { teardown(last: () => unknown): unknown },
  wishes: Partial<ResidentParts> = {},
  leaveMs = 50,
): Promise<Rig> {
  const system = fakeSystem();
  const end = new AbortController();
  const said: string[] = [];
  const logged: string[] = [];
  const asked: string[] = [];
  let current = Promise.withResolvers<Outcome>();
  const runOf = async (what: string, signal: AbortSignal): Promise<Run> => {
    asked.push(what);
    current = Promise.withResolvers();
    // As the real one: told to let go it still has to leave, and says what came of it.
    const giveUp = () => setTimeout(current.resolve, leaveMs, { ...OUTCOME, reason: 'given up' } as Outcome);
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp);
    const status = { schema: 1, state: 'held', kind: what, pid: 7, since: '', until: '', faults: [] } as const;
    const release = () => {
      giveUp();
      return current.promise;
    };
    return { status: () => status, held: Promise.resolve(status), ended: current.promise, release };
  };
  const config = await defaultConfig('linux');
  const agent = {
    system,
    config,
    plan: async () => ({}),
    rehearse: () => undefined,
    snapshot: (_: unknown, __: unknown, signal: AbortSignal) => runOf('snapshot', signal),
    hold: (_: unknown, signal: AbortSignal) => runOf('hold', signal),
    async recoverUnlessBusy(_: string, andThen?: () => Promise<void>) {
      if (rig.locked) return undefined;
      await andThen?.();
      return { thawed: [], faults: [{ phase: 'freeze', during: 'recover', message: '/data hangs' }], outcomes: [] };
    },
  } as unknown as Agent;
  const manager: ResidentParts['manager'] = {
    present: true,
    listenFd: undefined,
    ready: (status) => said.push(`ready: ${status}`),
    status: (text) => said.push(text),
    stopping: (status) => said.push(`stopping: ${status}`),
    close: () => undefined,
  };
  let ended: Promise<void> = Promise.resolve();
  const rig: Rig = {
    said,
    logged,
    asked,
    locked: false,
    parts: {
      system,
      log: createLog('info', (line) => logged.push(line)),
      manager,
      // Started for the checks: there are none here.
      self: ['/bin/false'],
      version: '1.2.3',
      load: async () => agent,
      loadInAnyCase: async () => agent,
      signal: end.signal,
      settleMs: 60_000,
      ...wishes,
    },
    finish: () => current.resolve(OUTCOME),
    start: () => {
      ended = reside(rig.parts);
      return ended;
    },
    end: () => end.abort(new UserError('ended', 'ended by SIGTERM')),
    ask: (route, body) => ask(endpointOf(system), route, { body, silenceMs: 30_000 }),
  };
  t.teardown(async () => {
    rig.end();
    await ended.catch(() => undefined);
    system.cleanUp();
  });
  return rig;
}
