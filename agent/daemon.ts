import type { Config } from './config/schema.ts';
import { endpointOf } from './control/endpoint.ts';
import type { HoldStatus } from './control/protocol.ts';
import { type Server, startServer } from './control/server.ts';
import { UserError } from './errors.ts';
import { linuxFreezer } from './freezer/linux.ts';
import type { Log } from './log.ts';
import { type Examination, type ExamineRequest, examine } from './readiness/examine.ts';
import { gatherTold, tell } from './readiness/tell.ts';
import type { Told } from './reporters/reporter.ts';
import { conduct, recoverUnlessBusy } from './snapshot/conduct.ts';
import type { Outcome, RunKind } from './snapshot/outcome.ts';
import type { Parts } from './snapshot/parts.ts';
import { type PlanWishes, planSnapshot, replanSnapshot, type SnapshotPlan } from './snapshot/plan.ts';
import { type Recovered, recover, thawOwed } from './snapshot/recover.ts';
import { PATHS } from './system/paths.ts';
import type { System } from './system/system.ts';
import { commandTaker } from './takers/command.ts';
import { holdTaker } from './takers/hold.ts';
import { noneTaker } from './takers/none.ts';
import type { Taker } from './takers/taker.ts';

/** What a trigger may ask for. */
export interface Wishes {
  readonly mounts?: readonly string[];
  /** `false`: scripts and applications only. */
  readonly freeze?: boolean;
  /** `false`: file systems only. */
  readonly applications?: boolean;
  readonly deadlineMs?: number;
}

export interface HoldRequest extends Wishes {
  readonly kind: 'hold' | 'freeze';
}

/** The parts of this program, put together: the wiring diagram, and the only place that knows all of them. */
export interface Agent {
  readonly system: System;
  readonly config: Config;
  /** Whether a backup of this machine would work, and what a snapshot taken now would be worth. */
  examine(request: ExamineRequest): Promise<Examination>;
  told(examination: Examination): Promise<Told>;
  /** Leaves a result behind for others (status file, metrics) and tells what has become worse; never throws. */
  tell(told: Told): Promise<void>;
  plan(wishes: Wishes): Promise<SnapshotPlan>;
  /** @param plan as `plan` made it of these wishes, and as it was agreed to. */
  rehearse(plan: SnapshotPlan, wishes: Wishes, signal: AbortSignal): Promise<Outcome>;
  /** @param argv of the command that takes it; without one the configured command does. */
  snapshot(argv: readonly string[], wishes: Wishes, signal: AbortSignal): Promise<Outcome>;
  /** Holds, serves the control API meanwhile, and returns when it was released or the time was up. */
  hold(request: HoldRequest, onHeld: (status: HoldStatus) => void, signal: AbortSignal): Promise<Outcome>;
  recover(): Promise<Recovered>;
  /** As `recover`, but undefined while somebody is at work: what he owes is his to settle. */
  recoverUnlessBusy(): Promise<Recovered | undefined>;
  thawOwed(): Promise<Omit<Recovered, 'outcomes'>>;
}

/** @param self how this program is started again: `[node, main.ts]`. */
export function createAgent(system: System, log: Log, config: Config, self: readonly string[]): Agent {
  const parts: Parts = {
    system,
    log,
    config,
    quiescers: [],
    freezer: (lockFd) => linuxFreezer(system, log, { guardArgv: [...self, 'guard'], lockFd }),
  };
  const plan = (wishes: Wishes) => planSnapshot(system, planWishes(wishes, config));
  const run = (kind: RunKind, taker: Taker, wanted: SnapshotPlan, wishes: Wishes, signal: AbortSignal) => {
    const frozen = wanted.freeze.groups.length > 0;
    const takeMs = wishes.deadlineMs ?? (frozen ? config.snapshot.frozenDeadlineMs : config.snapshot.quiesceDeadlineMs);
    const command = `quiesced ${kind === 'rehearsal' ? 'rehearse' : kind}`;
    const quiescers = (wishes.applications ?? true) ? parts.quiescers : [];
    const replan = (last: SnapshotPlan) => replanSnapshot(system, planWishes(wishes, config), last);
    // `freeze` asks for nothing else, and says by its exit code that it is there.
    const allOrNothing = kind === 'freeze';
    return conduct(parts, { kind, taker, plan: wanted, replan, allOrNothing, quiescers, takeMs, command }, signal);
  };

  return {
    system,
    config,
    examine: (request) => examine({ system, config, quiescers: parts.quiescers }, request),
    told: (examination) => gatherTold(examination, { system, config, log }),
    tell: (told) => tell(told, { system, config, log }),
    plan,
    rehearse: (wanted, wishes, signal) => run('rehearsal', noneTaker, wanted, wishes, signal),
    async snapshot(argv, wishes, signal) {
      const { taker, takerCommand } = config.snapshot;
      const command = argv.length === 0 && taker === 'command' ? takerCommand : argv;
      if (command.length === 0) throw noTaker();
      return run('snapshot', commandTaker(system, command), await plan(wishes), wishes, signal);
    },
    async hold(request, onHeld, signal) {
      const wanted = await plan(request);
      const until = untilOf(request, wanted, config);
      const start = (taker: Taker) => run(request.kind, taker, wanted, request, signal);
      return serveHold(system, request.kind, until, start, onHeld);
    },
    recover: () => recover(parts),
    recoverUnlessBusy: () => recoverUnlessBusy(parts, 'quiesced thaw'),
    thawOwed: () => thawOwed(parts),
  };
}

const planWishes = (wishes: Wishes, config: Config): PlanWishes => ({
  freeze: wishes.freeze ?? true,
  scripts: (wishes.applications ?? true) ? config.scripts : undefined,
  exclude: config.freeze.exclude,
  deadlineMs: wishes.deadlineMs ?? config.snapshot.frozenDeadlineMs,
  expedite: config.freeze.expedite,
  ...(wishes.mounts === undefined ? {} : { only: wishes.mounts }),
});

/** How long it lasts unless it is released. */
const untilOf = ({ deadlineMs }: HoldRequest, { freeze }: SnapshotPlan, { snapshot }: Config): number =>
  deadlineMs ?? (freeze.groups.length > 0 ? snapshot.frozenDeadlineMs : snapshot.quiesceDeadlineMs);

/** Answers the control API as long as the hold lasts; `release` gets the outcome as its answer. */
async function serveHold(
  system: System,
  kind: HoldRequest['kind'],
  longestMs: number,
  start: (taker: Taker) => Promise<Outcome>,
  onHeld: (status: HoldStatus) => void,
): Promise<Outcome> {
  let since = system.clock.now();
  let state: HoldStatus['state'] = 'entering';
  let faults: HoldStatus['faults'] = [];
  const status = (): HoldStatus => {
    const until = new Date(since.getTime() + longestMs).toISOString();
    return { schema: 1, state, kind, pid: process.pid, since: since.toISOString(), until, faults };
  };
  let server: Server | undefined;
  const taker = holdTaker(async () => {
    await system.makeDir(PATHS[system.platform].control, 0o700);
    const release = () => {
      state = 'leaving';
      taker.release();
      return ended;
    };
    server = await startServer(endpointOf(system), { status: async () => status(), release });
  });
  const ended = start(taker);
  try {
    const holding = await Promise.race([taker.held, ended.then(() => undefined)]);
    if (holding !== undefined) {
      since = system.clock.now();
      if (state === 'entering') state = 'held';
      faults = holding.faults.map(({ phase, message }) => ({ phase, message }));
      onHeld(status());
    }
    return await ended;
  } finally {
    await server?.close();
  }
}

const noTaker = (): UserError =>
  new UserError('snapshot.no-taker', 'nothing says how the snapshot is to be taken', {
    remedy: `Give the command: quiesced snapshot -- COMMAND, or set [snapshot] taker = command and taker-command in ${PATHS.linux.configFile}`,
  });
