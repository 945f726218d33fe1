import { messageOf } from '../errors.ts';
import type { Quiescer } from '../quiescers/quiescer.ts';
import { DeadlineError } from './deadline.ts';
import type { Evidence } from './outcome.ts';
import { type Phase, VerifyError } from './phases.ts';

/** What `release` may take, beyond the time that the applications may be held. */
const RELEASE_MS = 60_000;

/** Applications, held in parallel; each one's hold is verified after the thaw and before it is released. */
export class QuiescePhase implements Phase {
  readonly name = 'quiesce';
  readonly required: boolean;
  readonly enterMs: number;
  readonly leaveMs = RELEASE_MS;
  readonly #quiescers: readonly Quiescer[];
  readonly #owe: (what: unknown) => Promise<void>;
  readonly #tried = new Set<Quiescer>();
  readonly #held = new Set<Quiescer>();
  readonly #expired = new AbortController();
  #expiry: NodeJS.Timeout | undefined;
  #failed = false;

  /** @param owe records what another process must release; durable when it returns. */
  constructor(
    quiescers: readonly Quiescer[],
    required: boolean,
    deadlineMs: number,
    owe: (what: unknown) => Promise<void>,
  ) {
    this.#quiescers = quiescers;
    this.required = required;
    this.enterMs = deadlineMs;
    this.#owe = owe;
  }

  /** Aborted when the applications have been held for as long as they may be. */
  get lost(): AbortSignal {
    return this.#expired.signal;
  }

  /** `verified` once `leave` has found every hold still there; until then what is known so far. */
  get evidence(): Evidence['applications'] {
    if (this.#quiescers.length === 0) return 'none';
    return this.#failed || this.#held.size < this.#quiescers.length ? 'failed' : 'verified';
  }

  async ready(): Promise<void> {}

  async enter(signal: AbortSignal): Promise<void> {
    if (this.#quiescers.length === 0) return;
    for (const quiescer of this.#quiescers) this.#tried.add(quiescer);
    this.#expiry = setTimeout(() => {
      this.#expired.abort(new DeadlineError('holding the applications', this.enterMs));
    }, this.enterMs);
    await this.#owe(this.#owed());
    await settleAll(this.#quiescers, async (quiescer) => {
      await quiescer.hold(signal);
      this.#held.add(quiescer);
    });
  }

  async leave(_how: unknown, signal: AbortSignal): Promise<void> {
    clearTimeout(this.#expiry);
    const problems: unknown[] = [];
    await settleAll([...this.#held], (quiescer) => quiescer.verify(signal)).catch((error: AggregateError) => {
      this.#failed = true;
      problems.push(...error.errors.map((each) => new VerifyError(messageOf(each), { cause: each })));
    });
    await settleAll([...this.#tried], async (quiescer) => {
      await quiescer.release(signal);
      this.#tried.delete(quiescer);
    }).catch((error: AggregateError) => problems.push(...error.errors));
    await this.#owe(this.#owed());
    if (problems.length > 0) throw new AggregateError(problems, 'not every application was held and released');
  }

  #owed(): unknown {
    const owed = [...this.#tried].flatMap(({ id, owed: what }) => (what === undefined ? [] : [{ id, owed: what }]));
    return owed.length === 0 ? undefined : owed;
  }
}

/** Does it for each in parallel, to the end; throws one AggregateError with every failure, each naming its application. */
async function settleAll(quiescers: readonly Quiescer[], work: (quiescer: Quiescer) => Promise<void>): Promise<void> {
  const errors: Error[] = [];
  await Promise.all(
    quiescers.map(async (quiescer) => {
      try {
        await work(quiescer);
      } catch (error) {
        errors.push(new Error(`${quiescer.title}: ${messageOf(error)}`, { cause: error }));
      }
    }),
  );
  if (errors.length > 0) throw new AggregateError(errors);
}
