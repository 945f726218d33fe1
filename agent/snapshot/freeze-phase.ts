import { FLUSH_MS, type FreezePlan, type Freezer, type PreparedFreeze, type ThawReport } from '../freezer/freezer.ts';
import type { Log } from '../log.ts';
import type { Clock } from '../system/system.ts';
import type { Evidence } from './outcome.ts';
import { MountError, type Phase, type Timeline } from './phases.ts';

/** Beyond the guard's own deadline: its report, or the second line's thaw. */
const SLACK_MS = 5000;

export interface FreezePhaseOptions {
  readonly freezer: Freezer;
  readonly plan: FreezePlan;
  /** What would be frozen now; undefined when no file system has come or gone since it was asked last. */
  readonly replan?: () => Promise<FreezePlan | undefined>;
  readonly required: boolean;
  readonly log: Log;
  readonly timeline: Timeline;
  readonly clock: Clock;
}

/** File systems, flushed and frozen; left by the thaw. Its bookkeeping is the guard's: nothing of it outlives a boot. */
export class FreezePhase implements Phase {
  readonly name = 'freeze';
  readonly required: boolean;
  readonly enterMs: number;
  readonly leaveMs = SLACK_MS;
  /** First FIFREEZE to last FITHAW; of several freezes the longest. */
  frozenMs = 0;
  /** What weakens the guarantee of the thaw. */
  warnings: readonly string[] = [];
  readonly #options: FreezePhaseOptions;
  #plan: FreezePlan;
  /** As it was found to have changed meanwhile. */
  #newPlan: FreezePlan | undefined;
  #prepared: PreparedFreeze | undefined;
  /** The last that was prepared: its guard watches over us, also where it could not be followed by another. */
  #guarded: PreparedFreeze | undefined;
  #frozen: readonly string[] = [];
  #entered = false;
  #lostAtMs: number | undefined;
  #thawing = false;
  #left = false;
  /** Something was not thawed, as far as is known. */
  #owes = false;

  constructor(options: FreezePhaseOptions) {
    this.#options = options;
    this.#plan = options.plan;
    this.required = options.required;
    this.enterMs = FLUSH_MS + options.plan.deadlineMs + SLACK_MS;
  }

  /** Aborted as soon as the freeze does not hold any more. */
  get lost(): AbortSignal | undefined {
    return this.#prepared?.lost;
  }

  /** Mount points that were frozen by us. */
  get frozen(): readonly string[] {
    return this.#frozen;
  }

  get evidence(): Pick<Evidence, 'frozen' | 'freezeLostAtMs'> {
    const wanted = this.#plan.groups.flat().length;
    const all = this.#entered && this.#frozen.length === wanted ? 'all' : 'some';
    return {
      frozen: wanted === 0 || this.#frozen.length === 0 ? 'none' : all,
      // A thaw that has not reported has not said either that it was the first.
      freezeLostAtMs: this.#thawing ? 0 : this.#lostAtMs,
    };
  }

  async ready(signal: AbortSignal): Promise<void> {
    const { freezer, clock } = this.#options;
    this.#prepared = undefined;
    // Also with nothing to freeze: the guard has the rest left if this process dies.
    const prepared = await freezer.prepare(this.#plan, signal, this.#guarded);
    this.#guarded = prepared;
    this.#prepared = prepared;
    this.#left = false;
    prepared.lost.addEventListener('abort', () => {
      if (this.#prepared === prepared) this.#lostAtMs ??= clock.monotonicMs();
    });
  }

  /** Scripts mount and unmount: what was opened before them may not be what there is after them. */
  async renew(signal: AbortSignal): Promise<void> {
    const plan = await this.#options.replan?.();
    if (plan === undefined || idsOf(plan) === idsOf(this.#plan)) return;
    this.#plan = plan;
    await this.ready(signal);
  }

  /**
   * A freeze of its own: nothing that is known of the last one says anything about it. Throws where that has not come to
   * its end.
   */
  async again(signal: AbortSignal): Promise<void> {
    // One whose thaw has not reported would end the silence of the log while the next one holds.
    if (this.#owes || this.#thawing) throw new Error('not all of it is thawed, so nothing is frozen again');
    this.#plan = (await this.#options.replan?.()) ?? this.#newPlan ?? this.#plan;
    this.#frozen = [];
    this.#entered = false;
    this.#lostAtMs = undefined;
    await this.ready(signal);
  }

  /** Lets the guard go, once everything else is left. */
  async end(): Promise<void> {
    await this.#guarded?.end();
  }

  async enter(signal: AbortSignal): Promise<void> {
    if (this.#prepared === undefined) throw new Error('the file systems that there are now could not be opened');
    // From here until the thaw nothing may be written anywhere: it might be frozen, if not by us then by the one whom we
    // prepare the machine for.
    this.#options.log.pause();
    if (this.#plan.groups.length === 0) return;
    const { fileSystems, steps, warnings } = await this.#prepared.freeze();
    this.#options.timeline.add('freeze', steps);
    this.warnings = warnings;
    // Given up meanwhile: it may be frozen now, but it was not when the heart went on.
    if (signal.aborted) return;
    this.#entered = true;
    this.#frozen = fileSystems.filter(({ state }) => state === 'frozen').map(({ mountPoint }) => mountPoint);
    const problems = fileSystems
      .filter(({ state }) => state !== 'frozen')
      .map(
        ({ mountPoint, state, error }) =>
          new MountError(
            mountPoint,
            notFrozen(mountPoint, state, error),
            state === 'hung' ? 'freeze.hung' : 'freeze.failed',
          ),
      );
    if (problems.length > 0) throw new AggregateError(problems, 'not every file system could be frozen');
  }

  async leave(): Promise<void> {
    // Left already, for another try that came to nothing.
    if (this.#prepared === undefined || this.#left) return;
    this.#left = true;
    this.#thawing = true;
    let report: ThawReport;
    try {
      report = await this.#prepared.thaw();
    } finally {
      this.#options.log.resume();
    }
    this.#thawing = false;
    this.#owes = report.problems.some(({ kind }) => kind === 'owed');
    this.frozenMs = Math.max(this.frozenMs, report.frozenMs);
    this.#options.timeline.add('freeze', report.steps);
    // What is found only now, without its time, may have been at any time: the copy cannot be trusted.
    const early = report.problems.filter(({ kind }) => kind === 'early').map(({ atMs }) => atMs ?? 0);
    if (early.length > 0) this.#lostAtMs = Math.min(this.#lostAtMs ?? Number.POSITIVE_INFINITY, ...early);
    const problems = report.problems.map(({ mountPoint, message }) =>
      mountPoint === undefined ? new Error(message) : new MountError(mountPoint, `${mountPoint}: ${message}`),
    );
    problems.push(...(await this.#comeMeanwhile()));
    if (problems.length > 0) throw new AggregateError(problems, 'the freeze did not end as it should');
  }

  /** A file system that was mounted after the others were opened was written to all the time. */
  async #comeMeanwhile(): Promise<readonly Error[]> {
    if (!this.#entered) return [];
    const known = new Set(this.#plan.groups.flat().map(({ id }) => id));
    this.#newPlan = await this.#options.replan?.();
    const strangers = (this.#newPlan?.groups ?? []).flat().filter(({ id }) => !known.has(id));
    if (strangers.length > 0) this.#lostAtMs = 0;
    return strangers.map(
      ({ mountPoint }) => new MountError(mountPoint, `${mountPoint} was mounted meanwhile, so it was not frozen`),
    );
  }
}

const idsOf = ({ groups }: FreezePlan): string => groups.map((group) => group.map(({ id }) => id).join()).join(';');

const notFrozen = (mountPoint: string, state: string, error: string | undefined): string =>
  `${mountPoint} was not frozen: ${error ?? (state === 'hung' ? 'the kernel did not finish freezing it in time' : state)}`;
