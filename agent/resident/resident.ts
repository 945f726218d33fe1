import { setTimeout as sleep } from 'node:timers/promises';
import { endpointOf, makeWayTo } from '../control/endpoint.ts';
import type { DaemonStatus } from '../control/protocol.ts';
import { type Server, startServer } from '../control/server.ts';
import type { Agent } from '../daemon.ts';
import { messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { healthNow } from '../readiness/health-now.ts';
import { Scheduler } from '../schedule/scheduler.ts';
import { PATHS } from '../system/paths.ts';
import type { ServiceManager } from '../system/service-manager.ts';
import type { System } from '../system/system.ts';
import { jobsOf } from './jobs.ts';
import { settleProxy } from './proxy.ts';
import { settleRepair } from './repair.ts';
import { routesOf } from './routes.ts';
import { Runs } from './runs.ts';

export interface ResidentParts {
  readonly system: System;
  readonly log: Log;
  readonly manager: ServiceManager;
  readonly self: readonly string[];
  readonly version: string;
  /** With the configuration as it is now; throws what is wrong with it. */
  readonly load: () => Promise<Agent>;
  /** The same, but with the defaults where it is wrong: to recover is more important. */
  readonly loadInAnyCase: () => Promise<Agent>;
  readonly signal: AbortSignal;
  /** Shorter in tests. */
  readonly idleMs?: number;
  readonly settleMs?: number;
  readonly startingMs?: number;
}

/** How long a process that was started by a request stays when there are no more. */
const IDLE_MS = 60_000;
/** After the start of a machine others are busier than we are. */
const SETTLE_MS = 20_000;
const RETRY_MS = 1000;
/** A service manager waits 90 s for a start, and kills then; post scripts that are owed may take half an hour each. */
const STARTING_MS = 30_000;

/**
 * The process that stays: settles what a dead run left, answers the control API, does what [schedule] says, and lets
 * go of everything when it is told to end. Started by a socket it ends by itself when nobody has asked for a while.
 */
export async function reside(parts: ResidentParts): Promise<void> {
  const { system, log, manager, signal, version } = parts;
  const onDemand = manager.listenFd !== undefined;
  const since = system.clock.now().toISOString();
  const runs = new Runs(system.clock);
  const agent = await parts.loadInAnyCase();
  const scheduler = new Scheduler(jobsOf(parts, agent.config, runs), {
    system,
    log,
    busy: () => runs.busy() !== undefined,
    ending: signal,
  });
  const status = (): DaemonStatus => ({ pid: process.pid, version, since, onDemand, next: scheduler.due });
  const routes = routesOf({ ...parts, runs, ending: signal, status });

  const server = await serve(parts, agent, runs, routes);
  if (server === undefined) return;
  try {
    // What --health answers is gone with a reboot, however recent it was.
    const urgent = healthNow(system).status === undefined ? ['readiness'] : [];
    await scheduler.start(urgent, onDemand ? 0 : (parts.settleMs ?? SETTLE_MS));
    manager.ready('ready');
    log.info('ready', { pid: process.pid, version, onDemand });
    await settleProxy(parts);
    // An image may be made again for it, which takes minutes, and nobody waits so long for us to end.
    await Promise.race([settleRepair(parts), aborted(signal)]);
    const busy = () => server.connections > 0 || runs.busy() !== undefined || scheduler.working;
    await (onDemand ? untilIdle(busy, parts.idleMs ?? IDLE_MS, signal) : aborted(signal));
  } finally {
    manager.stopping(runs.busy() === undefined ? 'ending' : 'letting go of what is held');
    // The signal has reached the run: it lets go, and whoever waits for its outcome still gets it.
    await runs.idle();
    await Promise.all([scheduler.stop(), server.close()]);
    // Asked for in the last moment: it ends before it touches anything.
    await runs.idle();
    log.info('ended', { why: signal.aborted ? messageOf(signal.reason) : 'nobody asked for anything' });
  }
}

/**
 * A socket of our own is opened under the lock: a process that holds without a daemon serves the same one. Undefined
 * when we are told to end before that.
 */
async function serve(
  { system, log, manager, signal, startingMs = STARTING_MS }: ResidentParts,
  agent: Agent,
  runs: Runs,
  routes: Parameters<typeof startServer>[1],
): Promise<Server | undefined> {
  await system.makeDir(PATHS[system.platform].runtime, 0o755);
  await makeWayTo(system);
  let server: Server | undefined;
  if (manager.listenFd !== undefined) server = await startServer({ fd: manager.listenFd }, routes);
  const listen = async () => {
    server ??= await startServer(endpointOf(system), routes);
  };
  for (let told = false; !signal.aborted; told = true) {
    const late = setTimeout(() => manager.ready('running what a dead run owes'), startingMs);
    const recovered = await agent.recoverUnlessBusy('quiesced daemon', listen).finally(() => clearTimeout(late));
    for (const { message, remedy } of recovered?.faults ?? []) log.warn(`still owed: ${message}`, { remedy });
    if (recovered !== undefined) return server;
    // It was there before us, and may go on for minutes; a service manager would not wait so long.
    if (!told) manager.ready('waiting for a run that was begun without the daemon');
    if (!told) log.info('waiting for a run that was begun without the daemon');
    await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
  }
  // One that was asked for on the socket that we were given; it has the signal too.
  await runs.idle();
  await server?.close();
  return undefined;
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    // A listener alone keeps no process alive, and it is the server that does.
    signal.addEventListener('abort', () => resolve());
    if (signal.aborted) resolve();
  });

async function untilIdle(busy: () => boolean, idleMs: number, signal: AbortSignal): Promise<void> {
  const stepMs = idleMs / 10;
  for (let idleSteps = 0; idleSteps < 10 && !signal.aborted; ) {
    await sleep(stepMs, undefined, { signal }).catch(() => undefined);
    idleSteps = busy() ? 0 : idleSteps + 1;
  }
}
