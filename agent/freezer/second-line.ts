import { closeSync } from 'node:fs';
import { faultPoint, faultPointSync } from '../fault-point.ts';
import { EINVAL, EIO, type Libc } from '../system/native.ts';
import type { Clock } from '../system/system.ts';
import { orUndefinedAfter } from '../system/waits.ts';
import { type Expediter, restoreExpedited } from './expedite.ts';
import type { FreezeStep, ThawProblem, ThawReport } from './freezer.ts';
import { openFreezeJournal, readFreezeJournal } from './journal.ts';

const PATIENCE_MS = 1000;

interface Opened {
  readonly id: string;
  readonly mountPoint: string;
  readonly fd: number;
}

interface Tried {
  readonly step: FreezeStep;
  /** Found to be frozen still. */
  readonly frozen: boolean;
  readonly problem?: ThawProblem;
}

const RETRY_MS = 20;
/** With what the guard gets before, and this process after it, still within what the phase has for leaving. */
const BESIDE_MS = 2000;

/**
 * The daemon's own descriptors of what the guard freezes: when the guard is dead or silent, the thaw is done through
 * them. What the guard had frozen is not known for sure then, so each is tried; EINVAL says that it was not, or not
 * any more.
 */
export class SecondLine {
  readonly #opened: Opened[];
  readonly #libc: Libc;
  readonly #clock: Clock;
  readonly #journalPath: string;
  readonly #bootId: string;
  readonly #openExpediter: (() => Expediter | undefined) | undefined;
  readonly #alone = new Set<string>();
  readonly #frozen = new Set<string>();
  readonly #beside = new Map<string, FreezeStep>();

  constructor(
    opened: readonly Opened[],
    libc: Libc,
    clock: Clock,
    journalPath: string,
    bootId: string,
    expediter?: () => Expediter | undefined,
  ) {
    this.#opened = [...opened];
    this.#libc = libc;
    this.#clock = clock;
    this.#journalPath = journalPath;
    this.#bootId = bootId;
    this.#openExpediter = expediter;
  }

  /** Not frozen by our guard, so never to be thawed by us. */
  leaveAlone(id: string): void {
    this.#alone.add(id);
  }

  /** Known to have been frozen: should it turn out not to be, then it was writable too early. */
  wasFrozen(id: string): void {
    this.#frozen.add(id);
  }

  /**
   * @param guardIsGone while any thread of the guard is still in the kernel, its FIFREEZE may yet succeed: until then
   * EINVAL proves nothing, and the file system is tried again.
   * @param armedAtMs just before the first FIFREEZE; undefined when there was none.
   */
  async thaw(guardIsGone: () => boolean, armedAtMs: number | undefined): Promise<ThawReport> {
    const owed = this.#readRecord();
    const todo = this.#opened.filter(({ id }) => owed.ids.has(id) && !this.#alone.has(id));
    const results = await Promise.all(todo.map((one) => this.#thawOne(one, guardIsGone)));
    const restored = !owed.expedited || restoreExpedited(this.#openExpediter);
    this.#record(
      todo.filter((_, index) => results[index]?.problem?.kind !== 'owed'),
      restored,
    );
    const steps = results.map(({ step }) => step);
    const thawedAtMs = results.filter(({ frozen }) => frozen).map(({ step: { atMs, tookMs } }) => atMs + tookMs);
    const died: ThawProblem = { kind: 'guard-died', message: 'the guard died; this process thawed in its place' };
    return {
      problems: [died, ...results.flatMap(({ problem }) => problem ?? []), ...this.#thawedByGuard(owed.ids)],
      frozenMs: armedAtMs === undefined ? 0 : Math.max(0, ...thawedAtMs.map((atMs) => atMs - armedAtMs)),
      firstThawAtMs: steps[0] === undefined ? undefined : Math.min(...steps.map(({ atMs }) => atMs)),
      steps,
    };
  }

  /**
   * While the guard lives: past the deadline, or before it is killed. It finds that done, and goes on with the record.
   * Where its own call is in the kernel, this one waits behind it: btrfs that is interrupted while it thaws (a kill does
   * that) takes its superblock for damaged, and goes read-only.
   */
  async thawBesideGuard(): Promise<void> {
    // What it has thawed is off the record, and may be frozen by somebody else by now.
    const { ids } = this.#readRecord();
    const still = this.#opened.filter(({ id }) => this.#frozen.has(id) && ids.has(id));
    await Promise.all(
      still.map(async ({ id, fd, mountPoint }) => {
        const atMs = this.#clock.monotonicMs();
        const errno = await this.#tryThaw(fd, BESIDE_MS);
        const step = { step: 'thaw' as const, mountPoint, atMs, tookMs: this.#clock.monotonicMs() - atMs };
        if (errno === 0) this.#beside.set(id, step);
      }),
    );
  }

  /** On record as thawed by the guard, and nobody is left to say when: it may have been too early. */
  #thawedByGuard(owed: ReadonlySet<string>): readonly ThawProblem[] {
    const message = 'the guard had thawed it, and died before it could say when';
    return this.#opened
      .filter(({ id }) => this.#frozen.has(id) && !owed.has(id))
      .map(({ mountPoint }) => ({ kind: 'early', mountPoint, message }));
  }

  /** Safe more than once. */
  close(): void {
    for (const { fd } of this.#opened.splice(0)) closeSync(fd);
  }

  /** A record that cannot be read may mean any of them, and the switch too: to thaw what is not frozen does no harm. */
  #readRecord(): { readonly ids: ReadonlySet<string>; readonly expedited: boolean } {
    try {
      const owed = readFreezeJournal(this.#journalPath);
      return { ids: new Set(owed?.fileSystems.map(({ id }) => id)), expedited: owed?.expedited ?? false };
    } catch {
      return { ids: new Set(this.#opened.map(({ id }) => id)), expedited: true };
    }
  }

  async #thawOne({ id, fd, mountPoint }: Opened, guardIsGone: () => boolean): Promise<Tried> {
    const atMs = this.#clock.monotonicMs();
    const until = atMs + PATIENCE_MS;
    let gone = guardIsGone();
    let errno = await this.#tryThaw(fd);
    const mayChange = () => errno !== undefined && errno !== 0 && !(errno === EINVAL && gone);
    while (mayChange() && this.#clock.monotonicMs() < until) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      gone = guardIsGone();
      errno = await this.#tryThaw(fd);
    }
    const step = { step: 'thaw' as const, mountPoint, atMs, tookMs: this.#clock.monotonicMs() - atMs };
    if (errno === 0) return { step, frozen: true };
    const error = errno === undefined ? 'no answer' : this.#libc.errorName(errno);
    if (errno !== EINVAL || !gone) {
      return {
        step: { ...step, error },
        frozen: true,
        problem: { kind: 'owed', mountPoint, message: `thaw: ${error}` },
      };
    }
    const beside = this.#beside.get(id);
    if (beside !== undefined) return { step: beside, frozen: true };
    const early = { kind: 'early' as const, mountPoint, message: 'it was thawed already, and not by this process' };
    return { step, frozen: false, ...(this.#frozen.has(id) ? { problem: early } : {}) };
  }

  /** A call that could not even be made counts as one that failed; it must not keep the others from their thaw. */
  #tryThaw(fd: number, patienceMs = PATIENCE_MS): Promise<number | undefined> {
    return orUndefinedAfter(
      patienceMs,
      this.#callThaw(fd).catch(() => EIO),
    );
  }

  async #callThaw(fd: number): Promise<number> {
    await faultPoint('second-line.fithaw.before');
    const errno = await this.#libc.thaw(fd);
    await faultPoint('second-line.fithaw.after');
    return errno;
  }

  #record(thawed: readonly Opened[], restored: boolean): void {
    try {
      faultPointSync('second-line.record.before');
      const journal = openFreezeJournal(this.#journalPath, this.#bootId);
      for (const { id } of thawed) journal.settled(id, 'thawed');
      if (restored) journal.restored();
      journal.close();
      journal.removeIfSettled();
      faultPointSync('second-line.record.after');
    } catch {
      // A full tmpfs: the next start will find in the record a thaw that is already done.
    }
  }
}
