import { faultPoint, faultPointSync } from '../fault-point.ts';
import { EBUSY, EINVAL, EIO, type Libc } from '../system/native.ts';
import type { Clock } from '../system/system.ts';
import type { FreezeState, FreezeStep, ThawProblem } from './freezer.ts';
import type { FreezeJournal, JournalledFileSystem } from './journal.ts';

/** How long all thaws together are waited for; what takes longer is owed, and goes on being tried. */
const THAW_PATIENCE_MS = 1000;
/** Groups are thawed one after another, but one that hangs must not keep the next one frozen. */
const GROUP_PATIENCE_MS = 100;
const RETRY_MS = { first: 50, most: 5000 };

type Settled = 'thawed' | 'foreign' | 'failed';

export interface Member {
  readonly fileSystem: JournalledFileSystem;
  readonly fd: number;
  state: 'open' | 'freezing' | 'frozen' | 'foreign' | 'failed' | 'thawing' | 'thawed';
  error?: string;
}

/**
 * File systems that are frozen and thawed together, each ioctl on a thread of its own. Whatever is still in the kernel
 * when the set is given up is thawed the moment the kernel returns it.
 */
export class FrozenSet {
  readonly steps: FreezeStep[] = [];
  readonly problems: ThawProblem[] = [];
  firstThawAtMs: number | undefined;
  lastThawAtMs = 0;
  /** Called for each member that comes to its end only after `thaw` has returned. */
  onLateEnd: () => void = () => undefined;

  readonly #groups: readonly (readonly Member[])[];
  readonly #libc: Libc;
  readonly #clock: Clock;
  readonly #journal: FreezeJournal;
  readonly #givenUp = Promise.withResolvers<void>();
  readonly #unrecorded = new Map<Member, Settled>();
  #isGivenUp = false;
  #isOver = false;

  constructor(groups: readonly (readonly Member[])[], libc: Libc, clock: Clock, journal: FreezeJournal) {
    this.#groups = groups;
    this.#libc = libc;
    this.#clock = clock;
    this.#journal = journal;
  }

  get members(): readonly Member[] {
    return this.#groups.flat();
  }

  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** Frozen, or in the kernel on the way there or back. */
  get unsettled(): readonly Member[] {
    return this.members.filter(({ state }) => ['freezing', 'frozen', 'thawing'].includes(state));
  }

  get states(): readonly FreezeState[] {
    return this.members.map(({ fileSystem: { id, mountPoint }, state, error }) => ({
      id,
      mountPoint,
      state: state === 'frozen' || state === 'foreign' || state === 'failed' ? state : 'hung',
      ...(error === undefined ? {} : { error }),
    }));
  }

  /** Writes out what is dirty, so that the freeze itself finds little to write. */
  async flush(): Promise<void> {
    await Promise.all(this.members.map((member) => this.timed('flush', member, () => this.#sync(member))));
  }

  /** Group after group, in parallel within one. Returns at once when the set is given up meanwhile. */
  async freeze(): Promise<void> {
    for (const group of this.#groups) {
      if (this.#isGivenUp) return;
      const frozen = Promise.all(group.map((member) => this.#freezeOne(member)));
      await Promise.race([frozen, this.#givenUp.promise]);
    }
  }

  /** Thaws in the opposite order. Returns when all is thawed, or patience is at its end. */
  async thaw(): Promise<void> {
    this.#isGivenUp = true;
    this.#givenUp.resolve();
    const begun: Promise<void>[] = [];
    for (const group of this.#groups.toReversed()) {
      for (const member of group) if (member.state === 'open') this.#settle(member, 'failed');
      const thaws = group.filter(({ state }) => state === 'frozen').map((member) => this.#thawOne(member));
      begun.push(...thaws);
      await Promise.race([Promise.all(thaws), sleep(GROUP_PATIENCE_MS)]);
    }
    await Promise.race([Promise.all(begun), sleep(THAW_PATIENCE_MS)]);
    this.#isOver = true;
  }

  /** Runs a piece of work that yields an error number, and notes it in the timeline. */
  async timed(step: FreezeStep['step'], member: Member, work: () => Promise<number>): Promise<number> {
    const atMs = this.#clock.monotonicMs();
    // A call that could not even be made has done nothing; one that throws must not keep the others from their thaw.
    const errno = await work().catch(() => EIO);
    const failed = errno === 0 ? {} : { error: this.#libc.errorName(errno) };
    const { mountPoint } = member.fileSystem;
    this.steps.push({ step, mountPoint, atMs, tookMs: this.#clock.monotonicMs() - atMs, ...failed });
    return errno;
  }

  async #sync({ fd }: Member): Promise<number> {
    await faultPoint('flush.syncfs.before');
    const errno = await this.#libc.syncfs(fd);
    await faultPoint('flush.syncfs.after');
    return errno;
  }

  async #freezeOne(member: Member): Promise<void> {
    member.state = 'freezing';
    const errno = await this.timed('freeze', member, async () => {
      await faultPoint('freeze.fifreeze.before');
      return this.#libc.freeze(member.fd);
    });
    if (errno === EBUSY) {
      // Not ours, so never ours to thaw.
      member.error = 'somebody else has frozen it (EBUSY)';
      this.#settle(member, 'foreign');
    } else if (errno !== 0) {
      member.error = this.#libc.errorName(errno);
      this.#settle(member, 'failed');
    } else {
      member.state = 'frozen';
      if (this.#isGivenUp) void this.#thawOne(member);
    }
    await faultPoint('freeze.fifreeze.after');
  }

  async #thawOne(member: Member): Promise<void> {
    member.state = 'thawing';
    const { mountPoint } = member.fileSystem;
    for (let waitMs = RETRY_MS.first; ; waitMs = Math.min(waitMs * 2, RETRY_MS.most)) {
      const errno = await this.timed('thaw', member, async () => {
        await faultPoint('thaw.fithaw.before');
        return this.#libc.thaw(member.fd);
      });
      await faultPoint('thaw.fithaw.after');
      this.lastThawAtMs = this.#clock.monotonicMs();
      this.firstThawAtMs ??= this.lastThawAtMs;
      if (errno === EINVAL) this.problems.push({ kind: 'early', mountPoint, message: 'somebody else had thawed it' });
      if (errno === 0 || errno === EINVAL) break;
      await sleep(waitMs);
    }
    this.#settle(member, 'thawed');
  }

  /** What could not be written is tried once more: a thaw too many on record might meet a freeze of somebody else's. */
  recordAgain(): void {
    for (const [member, state] of [...this.#unrecorded]) this.#record(member, state);
  }

  #settle(member: Member, state: Settled): void {
    member.state = state;
    this.#record(member, state);
    if (this.#isOver) this.onLateEnd();
  }

  #record(member: Member, state: Settled): void {
    try {
      faultPointSync('freeze-record.settled.before');
      this.#journal.settled(member.fileSystem.id, state);
      faultPointSync('freeze-record.settled.after');
      this.#unrecorded.delete(member);
    } catch {
      // A full tmpfs. The others must go on.
      this.#unrecorded.set(member, state);
    }
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
