import type { Config } from './config/schema.ts';
import type { HoldRequest, RunStatus } from './control/protocol.ts';
import { RunWatch } from './control/run-watch.ts';
import { EXIT, UserError } from './errors.ts';
import type { Freezer } from './freezer/freezer.ts';
import { linuxFreezer } from './freezer/linux.ts';
import { systemdThirdLine } from './freezer/third-line.ts';
import { noFreezeOnWindows, windowsFreezer } from './freezer/windows.ts';
import type { Log } from './log.ts';
import { createQuiescers } from './quiescers/configured.ts';
import type { ConfiguredQuiescer } from './quiescers/quiescer.ts';
import { unheldDatabases } from './quiescers/unheld.ts';
import { workloadQuiescers } from './quiescers/workload-quiescer.ts';
import type { Examination, ExamineRequest } from './readiness/examine.ts';
import type { Told } from './reporters/reporter.ts';
import { conduct, recoverUnlessBusy } from './snapshot/conduct.ts';
import type { Outcome, RunKind } from './snapshot/outcome.ts';
import type { Parts } from './snapshot/parts.ts';
import { type Narrowed, type PlanWishes, planSnapshot, replanSnapshot, type SnapshotPlan } from './snapshot/plan.ts';
import { type Recovered, recover, thawOwed } from './snapshot/recover.ts';
import { PATHS } from './system/paths.ts';
import type { System } from './system/system.ts';
import { commandTaker } from './takers/command.ts';
import { type HoldTaker, holdTaker } from './takers/hold.ts';
import { noneTaker } from './takers/none.ts';
import type { Taker } from './takers/taker.ts';
import { settleShadows } from './takers/vss/owed.ts';
import { vssTaker } from './takers/vss/vss.ts';

/** What a trigger may ask for. */
export interface Wishes {
  readonly mounts?: readonly string[];
  /** In the place of `mounts`: asked for each plan, since scripts mount and unmount. */
  readonly narrow?: () => Promise<Narrowed>;
  /** `false`: scripts and applications only. */
  readonly freeze?: boolean;
  /** `false`: file systems only. */
  readonly applications?: boolean;
  readonly deadlineMs?: number;
  /** Hold what Microsoft's workload.conf names, too: the trigger stands in for Microsoft's extension. */
  readonly workload?: boolean;
  /** No snapshot at all rather than one of file systems that are not frozen, whatever [snapshot] on-failure says. */
  readonly mustFreeze?: boolean;
}

export interface HoldWishes extends Wishes {
  readonly kind: 'hold' | 'freeze';
}

/** `freeze` is for file systems alone. */
export const holdWishes = (request: HoldRequest): HoldWishes => ({ ...request, applications: request.kind === 'hold' });

/** A run under way. */
export interface Run {
  status(): RunStatus;
  /** Resolves when everything is held that will be; never, for a run that comes to nothing. */
  readonly held: Promise<RunStatus>;
  /** Rejects with a `UserError` only if nothing was touched. */
  readonly ended: Promise<Outcome>;
  /** Lets go of everything: ends a hold, and gives up anything else. */
  release(): Promise<Outcome>;
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
  rehearse(plan: SnapshotPlan, wishes: Wishes, signal: AbortSignal): Run;
  /** @param argv of the command that takes it; without one the configured command does. */
  snapshot(argv: readonly string[], wishes: Wishes, signal: AbortSignal): Promise<Run>;
  /** @param taker an extension's own: takes it while everything is held. */
  take(taker: Taker, wishes: Wishes, signal: AbortSignal): Promise<Run>;
  /** @param listen opens the way by which the release will be asked for, where that is not open yet. */
  hold(wishes: HoldWishes, signal: AbortSignal, listen?: () => Promise<void>): Promise<Run>;
  recover(): Promise<Recovered>;
  /** As `recover`, but undefined while somebody is at work: what he owes is his to settle. */
  recoverUnlessBusy(command: string, andThen?: () => Promise<void>): Promise<Recovered | undefined>;
  thawOwed(): Promise<Omit<Recovered, 'outcomes'>>;
}

/** @param self how this program is started again: `[node, main.ts]`. */
export async function createAgent(system: System, log: Log, config: Config, self: readonly string[]): Promise<Agent> {
  const quiescers = await createQuiescers(system, config, self);
  const parts: Parts = {
    system,
    log,
    config,
    quiescers,
    freezer: (lockFd) => freezerOf(system, log, self, lockFd),
    giveBack: (taker, what, signal) => giveBack(system, taker, what, signal),
  };
  // Read each time, since a process may live for months; what such a one has left held is released whoever recovers.
  const withWorkload = async () => [...quiescers, ...(await workloadQuiescers(system, config, self))];
  const plan = (wishes: Wishes) => planSnapshot(system, planWishes(wishes, config));
  const start = (
    kind: RunKind,
    taker: Taker,
    wanted: SnapshotPlan,
    wishes: Wishes,
    signal: AbortSignal,
    using: readonly ConfiguredQuiescer[] = quiescers,
  ): Run => {
    const takeMs = longestOf(wishes, wanted, config);
    const given = new AbortController();
    const watch = new RunWatch(kind, takeMs, system.clock);
    const ended = conduct(
      { ...parts, quiescers: using },
      {
        kind,
        taker: watch.watching(taker),
        plan: wanted,
        replan: (last) => replanSnapshot(system, planWishes(wishes, config), last),
        // `freeze` asks for nothing else, and says by its exit code that it is there.
        allOrNothing: kind === 'freeze',
        mustFreeze: wishes.mustFreeze ?? false,
        quiescers: (wishes.applications ?? true) ? using : [],
        unheld: () => unheldDatabases(system, using),
        takeMs,
        command: `quiesced ${kind === 'rehearsal' ? 'rehearse' : kind}`,
      },
      AbortSignal.any([signal, given.signal]),
    );
    const giveUp = () => given.abort(new UserError('released', 'given up: it was told to let go'));
    const release = () => {
      // What is not held yet is not entered to its end first: a pre script may take minutes.
      if ('release' in taker && watch.status().state === 'held') (taker as HoldTaker).release();
      else giveUp();
      watch.leaving();
      return ended;
    };
    return { status: () => watch.status(), held: watch.held, ended, release };
  };

  return {
    system,
    config,
    // The checks are half of the program, and the daemon has them run in another process.
    async examine(request) {
      const { examine } = await import('./readiness/examine.ts');
      return examine({ system, config, quiescers, self }, request);
    },
    async told(examination) {
      const { gatherTold } = await import('./readiness/tell.ts');
      return gatherTold(examination, { system, config, log });
    },
    async tell(told) {
      const { tell } = await import('./readiness/tell.ts');
      return tell(told, { system, config, log });
    },
    plan,
    rehearse: (wanted, wishes, signal) => start('rehearsal', noneTaker, wanted, wishes, signal),
    async snapshot(argv, wishes, signal) {
      const { taker, takerCommand } = config.snapshot;
      if (argv.length === 0 && taker === 'vss') {
        const { mounts, ...others } = wishes;
        return start('snapshot', shadowTaker(system, config, mounts), await plan(others), others, signal);
      }
      const command = argv.length === 0 && taker === 'command' ? takerCommand : argv;
      if (command.length === 0) throw noTaker(system);
      return start('snapshot', commandTaker(system, command), await plan(wishes), wishes, signal);
    },
    async take(taker, wishes, signal) {
      const using = wishes.workload === true ? await withWorkload() : quiescers;
      return start('snapshot', taker, await plan(wishes), wishes, signal, using);
    },
    async hold(wishes, signal, listen) {
      const wanted = await plan(wishes);
      assertHoldable(system, wishes, wanted, config);
      return start(wishes.kind, holdTaker(listen), wanted, wishes, signal);
    },
    recover: async () => recover({ ...parts, quiescers: await withWorkload() }),
    async recoverUnlessBusy(command, andThen) {
      return recoverUnlessBusy({ ...parts, quiescers: await withWorkload() }, command, andThen);
    },
    thawOwed: () => thawOwed(parts),
  };
}

/** @param mounts what was asked for, in the place of what is configured. */
const shadowTaker = (system: System, { vss, snapshot }: Config, mounts?: readonly string[]): Taker =>
  vssTaker(system, { ...vss, volumes: mounts ?? vss.volumes, required: snapshot.onFailure === 'abort' });

async function giveBack(system: System, taker: string, what: unknown, signal: AbortSignal): Promise<void> {
  if (taker !== 'vss') throw new Error(`nobody knows what the taker ${taker} has left behind`);
  await settleShadows(system, what, signal);
}

function freezerOf(system: System, log: Log, self: readonly string[], lockFd: number | undefined): Freezer {
  if (system.platform === 'windows') return windowsFreezer;
  const thirdLine = systemdThirdLine(system, log, [...self, 'thaw-overdue']);
  return linuxFreezer(system, log, { guardArgv: [...self, 'guard'], lockFd, thirdLine });
}

const planWishes = (wishes: Wishes, config: Config): PlanWishes => ({
  freeze: wishes.freeze ?? true,
  scripts: (wishes.applications ?? true) ? config.scripts : undefined,
  exclude: config.freeze.exclude,
  deadlineMs: wishes.deadlineMs ?? config.snapshot.frozenDeadlineMs,
  expedite: config.freeze.expedite,
  ...(wishes.mounts === undefined ? {} : { only: wishes.mounts }),
  ...(wishes.narrow === undefined ? {} : { narrow: wishes.narrow }),
});

/** What is held at most: the key of [snapshot], and its value. */
const limitOf = ({ freeze }: SnapshotPlan, { snapshot }: Config): readonly [key: string, ms: number] =>
  freeze.groups.length > 0
    ? ['frozen-deadline', snapshot.frozenDeadlineMs]
    : ['quiesce-deadline', snapshot.quiesceDeadlineMs];

/** How long it is held unless it is released before. */
const longestOf = ({ deadlineMs }: Wishes, plan: SnapshotPlan, config: Config): number =>
  deadlineMs ?? limitOf(plan, config)[1];

/** Throws for a hold that would hold nothing, or longer than the configuration promises to those who use the machine. */
export function assertHoldable(
  { platform }: Pick<System, 'platform'>,
  { kind, freeze, deadlineMs = 0 }: HoldWishes,
  plan: SnapshotPlan,
  config: Config,
): void {
  if (platform === 'windows' && (kind === 'freeze' || freeze !== false)) throw noFreezeOnWindows(kind);
  if (kind === 'freeze' && plan.freeze.groups.length === 0) {
    throw new UserError('freeze.nothing', 'there is no file system here that could be frozen', {
      remedy: 'See why: quiesced rehearse. In a container name them: quiesced freeze --mount PATH',
    });
  }
  const [key, mostMs] = limitOf(plan, config);
  if (deadlineMs <= mostMs) return;
  throw new UserError('hold.too-long', `it can be held for ${mostMs / 1000}s at most, which is [snapshot] ${key}`, {
    exitCode: EXIT.usage,
    remedy: `Ask for less, or set ${key} in ${PATHS[platform].configFile}`,
  });
}

const noTaker = ({ platform }: System): UserError =>
  new UserError('snapshot.no-taker', 'nothing says how the snapshot is to be taken', {
    remedy: `Give the command: quiesced snapshot -- COMMAND, or set [snapshot] taker = command and taker-command${platform === 'windows' ? ', or taker = vss,' : ''} in ${PATHS[platform].configFile}`,
  });
