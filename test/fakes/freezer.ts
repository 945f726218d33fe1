import { UserError } from '../../agent/errors.ts';
import type {
  FreezePlan,
  FreezeResult,
  Freezer,
  FreezeState,
  FreezeStep,
  PreparedFreeze,
  ThawProblem,
  ThawReport,
} from '../../agent/freezer/freezer.ts';
import type { FileSystem } from '../../agent/freezer/mounts.ts';
import { localClock } from '../../agent/system/local.ts';
import type { Clock } from '../../agent/system/system.ts';

/** A freezer of names: keeps the contract (test/contract/freezer.ts), and lets a test bend the kernel beneath it. */
export interface FakeFreezer extends Freezer {
  /** Ids of what is frozen now, by whomever. */
  readonly frozen: ReadonlySet<string>;
  /** Somebody else holds the lock. */
  locked: boolean;
  freezeByOthers(id: string): void;
  thawByOthers(id: string): void;
  /** The kernel will refuse to freeze it. */
  refuse(id: string): void;
  /** Its freeze hangs until what is returned is called. */
  hang(id: string): () => void;
}

interface Kernel {
  readonly frozen: Set<string>;
  readonly refused: Set<string>;
  readonly hung: Map<string, Promise<void>>;
}

export function fakeFreezer(clock: Clock = localClock): FakeFreezer {
  const kernel: Kernel = { frozen: new Set(), refused: new Set(), hung: new Map() };
  return {
    frozen: kernel.frozen,
    locked: false,
    freezeByOthers: (id) => kernel.frozen.add(id),
    thawByOthers: (id) => kernel.frozen.delete(id),
    refuse: (id) => kernel.refused.add(id),
    hang: (id) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      kernel.hung.set(id, promise);
      return resolve;
    },
    async prepare(plan, signal, previous) {
      await previous?.end();
      signal.throwIfAborted();
      if (this.locked) {
        throw new UserError('freeze.locked', 'another freeze is under way', { remedy: 'Try again when it is done.' });
      }
      return new FakeFreeze(plan, kernel, clock);
    },
  };
}

class FakeFreeze implements PreparedFreeze {
  readonly #plan: FreezePlan;
  readonly #kernel: Kernel;
  readonly #clock: Clock;
  readonly #states = new Map<FileSystem, FreezeState['state']>();
  readonly #lost = new AbortController();
  readonly #given = Promise.withResolvers<void>();
  readonly #problems: ThawProblem[] = [];
  readonly #steps: FreezeStep[] = [];
  #armedAtMs: number | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #report: ThawReport | undefined;

  constructor(plan: FreezePlan, kernel: Kernel, clock: Clock) {
    this.#plan = plan;
    this.#kernel = kernel;
    this.#clock = clock;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  async freeze(): Promise<FreezeResult> {
    const all = this.#plan.groups.flat();
    for (const each of all) this.#step('flush', each);
    if (this.#report !== undefined) throw new Error('it was thawed already');
    this.#armedAtMs = this.#clock.monotonicMs();
    this.#deadline = setTimeout(() => this.#expire(), this.#plan.deadlineMs);
    for (const group of this.#plan.groups) {
      await Promise.race([Promise.all(group.map((each) => this.#freezeOne(each))), this.#given.promise]);
    }
    const states = all.map((each): FreezeState => {
      const { id, mountPoint } = each;
      const state = this.#states.get(each) ?? 'failed';
      return { id, mountPoint, state, ...(state === 'frozen' ? {} : { error: `it is ${state}` }) };
    });
    return { fileSystems: states, steps: this.#steps.splice(0), warnings: [] };
  }

  async thaw(): Promise<ThawReport> {
    this.#report ??= this.#thawOnce();
    return this.#report;
  }

  async end(): Promise<void> {
    await this.thaw();
  }

  async #freezeOne(fileSystem: FileSystem): Promise<void> {
    const { id } = fileSystem;
    if (this.#report !== undefined) return;
    this.#states.set(fileSystem, 'hung');
    await this.#kernel.hung.get(id);
    if (this.#report !== undefined) {
      this.#states.set(fileSystem, 'failed');
      return;
    }
    if (this.#kernel.refused.has(id)) this.#states.set(fileSystem, 'failed');
    else if (this.#kernel.frozen.has(id)) this.#states.set(fileSystem, 'foreign');
    else {
      this.#kernel.frozen.add(id);
      this.#states.set(fileSystem, 'frozen');
    }
    this.#step('freeze', fileSystem);
  }

  #expire(): void {
    const reason = `the deadline of ${this.#plan.deadlineMs} ms passed`;
    for (const { mountPoint } of this.#frozen()) this.#problems.push({ kind: 'early', mountPoint, message: reason });
    void this.thaw();
    this.#lost.abort(new Error(reason));
  }

  #frozen(): readonly FileSystem[] {
    return [...this.#states].flatMap(([fileSystem, state]) => (state === 'frozen' ? [fileSystem] : []));
  }

  #thawOnce(): ThawReport {
    clearTimeout(this.#deadline);
    this.#given.resolve();
    const firstThawAtMs = this.#frozen().length === 0 ? undefined : this.#clock.monotonicMs();
    for (const fileSystem of this.#frozen().toReversed()) {
      const { id, mountPoint } = fileSystem;
      const message = 'somebody else had thawed it';
      if (!this.#kernel.frozen.delete(id)) this.#problems.push({ kind: 'early', mountPoint, message });
      this.#step('thaw', fileSystem);
    }
    for (const [{ mountPoint }, state] of this.#states) {
      if (state === 'hung')
        this.#problems.push({ kind: 'owed', mountPoint, message: 'the kernel has not let go of it' });
    }
    const frozenMs = firstThawAtMs === undefined ? 0 : this.#clock.monotonicMs() - (this.#armedAtMs ?? 0);
    return { problems: this.#problems, frozenMs, firstThawAtMs, steps: this.#steps.splice(0) };
  }

  #step(step: FreezeStep['step'], { mountPoint }: FileSystem): void {
    this.#steps.push({ step, mountPoint, atMs: this.#clock.monotonicMs(), tookMs: 0 });
  }
}
