import type { DaemonStatus } from '../control/protocol.ts';
import { checkRequest, holdRequest, snapshotRequest } from '../control/requests.ts';
import type { Handler, Handlers } from '../control/server.ts';
import { type Agent, holdWishes, type Run } from '../daemon.ts';
import { UserError } from '../errors.ts';
import { healthNow } from '../readiness/health-now.ts';
import { readHistory } from '../snapshot/history.ts';
import type { System } from '../system/system.ts';
import { checkInProcess } from './check-process.ts';
import type { Runs } from './runs.ts';

export interface RouteParts {
  readonly system: System;
  readonly self: readonly string[];
  readonly runs: Runs;
  /** With the configuration as it is now. */
  readonly load: () => Promise<Agent>;
  /** Aborted when the daemon ends. */
  readonly ending: AbortSignal;
  readonly status: () => DaemonStatus;
}

/** What the daemon answers: the table of DESIGN.md §5. */
export function routesOf(parts: RouteParts): Handlers {
  const { system, runs } = parts;
  let checking = false;
  const check: Handler = async (body, gone) => {
    const request = checkRequest(body);
    if (checking)
      throw new UserError('check.busy', 'the checks are running already', { remedy: 'Ask again in a moment.' });
    checking = true;
    try {
      return await checkInProcess(system, parts.self, request, AbortSignal.any([gone, parts.ending, runs.begun]));
    } finally {
      checking = false;
    }
  };
  return {
    busy: () => runs.busy(),
    routes: {
      status: async () => ({ schema: 1, daemon: parts.status(), run: runs.current?.status() }),
      health: async () => healthNow(system),
      history: async () => ({ schema: 1, outcomes: await readHistory(system) }),
      check,
      snapshot: (body, gone) => takeSnapshot(parts, body, gone),
      hold: (body, gone) => hold(parts, body, gone),
      release: () => runs.release(),
    },
  };
}

/** Whoever asked for it waits for the outcome; should he go away, then it is given up. */
async function takeSnapshot({ runs, load, ending }: RouteParts, body: unknown, gone: AbortSignal): Promise<unknown> {
  const { rehearsal, command = [], mounts } = snapshotRequest(body);
  const wishes = mounts === undefined ? {} : { mounts };
  const signal = AbortSignal.any([gone, ending]);
  const run = await runs.start(rehearsal ? 'rehearse' : 'snapshot', async () => {
    const agent = await load();
    return rehearsal
      ? agent.rehearse(await agent.plan(wishes), wishes, signal)
      : agent.snapshot(command, wishes, signal);
  });
  return run.ended;
}

/** Answers as soon as it is held; from then on it lasts, whoever goes. */
async function hold({ runs, load, ending }: RouteParts, body: unknown, gone: AbortSignal): Promise<unknown> {
  const request = holdRequest(body);
  const untilHeld = new AbortController();
  const giveUp = () => untilHeld.abort(gone.reason);
  gone.addEventListener('abort', giveUp);
  if (gone.aborted) giveUp();
  const start = async (): Promise<Run> =>
    (await load()).hold(holdWishes(request), AbortSignal.any([untilHeld.signal, ending]));
  try {
    const run = await runs.start(request.kind, start);
    return await Promise.race([run.held, run.ended]);
  } finally {
    gone.removeEventListener('abort', giveUp);
  }
}
