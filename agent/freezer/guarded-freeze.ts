import { messageOf } from '../errors.ts';
import { faultPoint } from '../fault-point.ts';
import type { Log } from '../log.ts';
import type { Clock } from '../system/system.ts';
import { orUndefinedAfter, silenceOf } from '../system/waits.ts';
import type { FreezePlan, FreezeResult, PreparedFreeze, ThawReport } from './freezer.ts';
import type { GuardConnection } from './guard-connection.ts';
import type { SecondLine } from './second-line.ts';
import type { ThirdLine } from './third-line.ts';

/** How long after the deadline a silent guard is taken for dead. */
const SILENCE_MS = 300;
/** A guard that has nothing frozen leaves within a few milliseconds. */
const PARTING_MS = 1000;
/** On a machine that is short of processor time many more; here it matters, and nothing is frozen. */
const HANDING_OVER_MS = 10_000;
/** The third line has limits of its own for what it starts, to arm and to disarm; none of it is worth more. */
const DISARMING_MS = 3000;
/** Long enough for what is in the pipe to be read. */
const HEARING_MS = 30;
/** How long the guard may take to thaw when told to: its own patience and a little. */
const TOLD_MS = 1500;

export interface GuardedFreezeParts {
  readonly guard: GuardConnection;
  readonly secondLine: SecondLine;
  readonly thirdLine: ThirdLine | undefined;
  readonly plan: FreezePlan;
  readonly clock: Clock;
  readonly log: Log;
}

/** What is between a guard that holds everything open and the end of the freeze, whoever brings that about. */
export class GuardedFreeze implements PreparedFreeze {
  #guard: GuardConnection;
  readonly #secondLine: SecondLine;
  readonly #thirdLine: ThirdLine | undefined;
  readonly #plan: FreezePlan;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #lost = new AbortController();
  readonly #silent = new AbortController();
  #silence: NodeJS.Timeout | undefined;
  #armedAtMs: number | undefined;
  #report: Promise<ThawReport> | undefined;
  #disarmed: Promise<void> | undefined;

  constructor({ guard, secondLine, thirdLine, plan, clock, log }: GuardedFreezeParts) {
    this.#guard = guard;
    this.#secondLine = secondLine;
    this.#thirdLine = thirdLine;
    this.#plan = plan;
    this.#clock = clock;
    this.#log = log;
    guard.onArmed((atMs) => this.#watch(atMs));
    guard.onLost((reason) => {
      log.warn(`the guard thaws: ${reason}`, { event: 'thawed-by-deadline' });
      // It is alive, and thawing: what it has to say comes with the report. Should it be stopped before it gets there,
      // the file systems must not wait for it; not ended, since it may be the kernel that lets it wait.
      clearTimeout(this.#silence);
      this.#silence = setTimeout(() => void secondLine.thawBesideGuard(), SILENCE_MS);
      this.#loose(reason);
    });
    guard.onDeath(() => {
      this.#loose('the guard died');
      void this.#finish();
    });
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  async freeze(): Promise<FreezeResult> {
    const armed = await this.#arm();
    // Then nothing was frozen, and nobody is left to thaw.
    if (this.#report !== undefined) throw new Error('it was given up before anything was frozen');
    await faultPoint('guard.freeze.before');
    const result = await this.#guard.freeze();
    await faultPoint('guard.freeze.after');
    for (const { id, state } of result.fileSystems) {
      if (state === 'foreign' || state === 'failed') this.#secondLine.leaveAlone(id);
      if (state === 'frozen') this.#secondLine.wasFrozen(id);
    }
    return { ...result, steps: [...armed.steps, ...result.steps], warnings: armed.warnings };
  }

  async thaw(): Promise<ThawReport> {
    try {
      const report = await this.#finish();
      // While anything is still frozen nothing is started, and the third line may be needed.
      if (report.problems.every(({ kind }) => kind !== 'owed')) this.#disarmed ??= this.#thirdLine?.disarm();
      return report;
    } catch (error) {
      const problem = { kind: 'owed' as const, message: messageOf(error) };
      return { problems: [problem], frozenMs: 0, firstThawAtMs: this.#clock.monotonicMs(), steps: [] };
    }
  }

  async end(): Promise<void> {
    await this.#part(this.#guard);
  }

  /**
   * Has the next guard watch in the place of this one, which is sent away. Throws when that has not gone: then the two
   * would take each other's file systems for their own. The next one watches all the same, until the end. Throws as well
   * when the next one could not be started (no memory, no room for a process): then this one stays.
   *
   * @param next started, so that it notices if this process dies; it may open nothing before this has returned.
   */
  async handOver(next: GuardConnection): Promise<void> {
    if (next.isGone()) throw new Error('the next guard could not be started, so nothing is frozen again');
    const guard = this.#guard;
    this.#guard = next;
    if (!(await this.#part(guard, HANDING_OVER_MS)))
      throw new Error('its guard has not ended, so nothing is frozen again');
  }

  /** Whether it has gone. */
  async #part(guard: GuardConnection, limitMs = PARTING_MS): Promise<boolean> {
    clearTimeout(this.#silence);
    await faultPoint('guard.bye.before');
    guard.bye();
    await faultPoint('guard.bye.after');
    // What was not thawed yet is thawed by the guard as it goes.
    this.#secondLine.close();
    const disarmed = this.#disarmed ?? Promise.resolve();
    await Promise.all([guard.gone(limitMs), orUndefinedAfter(DISARMING_MS, disarmed)]);
    return guard.isGone();
  }

  async #arm(): Promise<Pick<FreezeResult, 'steps' | 'warnings'>> {
    if (this.#thirdLine === undefined) return { steps: [], warnings: [] };
    const atMs = this.#clock.monotonicMs();
    const warning = await this.#thirdLine.arm(this.#plan.deadlineMs);
    const tookMs = this.#clock.monotonicMs() - atMs;
    if (warning === undefined) return { steps: [{ step: 'arm', atMs, tookMs }], warnings: [] };
    return { steps: [{ step: 'arm', atMs, tookMs, error: warning }], warnings: [warning] };
  }

  /** From the first FIFREEZE on: a guard that says nothing beyond the deadline is as good as dead. */
  #watch(armedAtMs: number): void {
    this.#armedAtMs = armedAtMs;
    this.#silence = setTimeout(() => {
      // It may have been us who were stopped: what the guard has said meanwhile is heard first.
      this.#silence = setTimeout(() => this.#takeForDead(), HEARING_MS);
    }, this.#plan.deadlineMs + SILENCE_MS);
  }

  #takeForDead(): void {
    // Also ends the wait of a thaw that was asked for meanwhile.
    this.#silent.abort();
    this.#loose('the guard is silent');
    void this.#finish();
  }

  #loose(reason: string): void {
    if (!this.#lost.signal.aborted) this.#lost.abort(new Error(reason));
  }

  #finish(): Promise<ThawReport> {
    this.#report ??= this.#thawOnce();
    return this.#report;
  }

  async #thawOnce(): Promise<ThawReport> {
    // A report that lies in the pipe while this process waits for the processor is no silence.
    const limit = AbortSignal.any([this.#silent.signal, silenceOf(TOLD_MS)]);
    await faultPoint('guard.thaw.before');
    const fromGuard = await this.#guard.thaw(limit);
    await faultPoint('guard.thaw.after');
    clearTimeout(this.#silence);
    if (fromGuard !== undefined) return fromGuard;
    if (!this.#guard.isGone()) await this.#secondLine.thawBesideGuard();
    await faultPoint('guard.kill.before');
    this.#guard.kill();
    await faultPoint('guard.kill.after');
    this.#log.warn('the guard did not thaw; this process does', { mounts: this.#plan.groups.flat().length });
    return this.#secondLine.thaw(() => this.#guard.isGone(), this.#armedAtMs);
  }
}
