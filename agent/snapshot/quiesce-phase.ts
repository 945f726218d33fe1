import { messageOf } from '../errors.ts';
import { faultPoint } from '../fault-point.ts';
import type { Quiescer } from '../quiescers/quiescer.ts';
import { orUndefinedAfter } from '../system/waits.ts';
import { DeadlineError, within } from './deadline.ts';
import type { Evidence } from './outcome.ts';
import { type Phase, VerifyError } from './phases.ts';

/** For each application, and all at the same time. */
const VERIFY_MS = 10_000;
const RELEASE_MS = 60_000;
/** A hold that was given up ends in its own time: what it opens after the release nobody would close. */
const GIVEN_UP_MS = 3000;
/** For the record. */
const SLACK_MS = 5000;

/** Applications, held in parallel; each one's hold is verified after the thaw and before it is released. */
export class QuiescePhase implements Phase {
  readonly name = 'quiesce';
  readonly enterMs: number;
  readonly leaveMs = VERIFY_MS + GIVEN_UP_MS + RELEASE_MS + SLACK_MS;
  readonly #required: boolean;
  readonly #quiescers: readonly Quiescer[];
  readonly #owe: (what: unknown) => Promise<void>;
  readonly #tried = new Set<Quiescer>();
  readonly #held = new Set<Quiescer>();
  /** Until they have settled, also when nobody waits for them any more. */
  readonly #holding = new Map<Quiescer, Promise<unknown>>();
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
    this.#required = required;
    this.enterMs = deadlineMs;
    this.#owe = owe;
  }

  /** As the configuration says of those that are not held; of all of them when it is not known yet. */
  get required(): boolean {
    const lacking = this.#quiescers.filter((quiescer) => !this.#held.has(quiescer));
    return lacking.length === 0
      ? this.#required
      : lacking.some(({ onFailure }) => (onFailure === undefined ? this.#required : onFailure === 'abort'));
  }

  /** Where the data of those that are held lie: they are not worth much unless all of it is frozen. */
  get folders(): readonly string[] {
    return [...this.#held].flatMap(({ folders }) => folders ?? []);
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
    this.#expiry = setTimeout(() => {
      this.#expired.abort(new DeadlineError('holding the applications', this.enterMs));
    }, this.enterMs);
    const errors: Error[] = [];
    await settleAll(this.#quiescers, errors, async (quiescer) => {
      const limitMs = quiescer.holdMs ?? this.enterMs;
      await within('to see whether it may be held', limitMs, async (limit) => quiescer.ready?.(limit), signal);
      this.#tried.add(quiescer);
    });
    await this.#owe(this.#owed());
    await settleAll([...this.#tried], errors, async (quiescer) => {
      await within('to hold it', quiescer.holdMs ?? this.enterMs, (limit) => this.#hold(quiescer, limit), signal);
      // Given up meanwhile: it is held now, but was not when the heart went on.
      signal.throwIfAborted();
      this.#held.add(quiescer);
    });
    if (errors.length > 0) throw new AggregateError(errors);
  }

  async #hold(quiescer: Quiescer, signal: AbortSignal): Promise<void> {
    await faultPoint('quiescer.hold.before');
    const holding = quiescer.hold(signal);
    this.#holding.set(
      quiescer,
      holding.catch(() => undefined),
    );
    await holding;
    await faultPoint('quiescer.hold.after');
  }

  async leave(_how: unknown, signal: AbortSignal): Promise<void> {
    clearTimeout(this.#expiry);
    const problems: unknown[] = [];
    await Promise.all([...this.#tried].map((quiescer) => this.#leaveOne(quiescer, problems, signal)));
    await this.#owe(this.#owed()).catch((error: unknown) => problems.push(error));
    if (problems.length > 0) throw new AggregateError(problems, 'not every application was held and released');
  }

  /** Each by itself and with a limit of its own: one that hangs must not keep the others held. */
  async #leaveOne(quiescer: Quiescer, problems: unknown[], signal: AbortSignal): Promise<void> {
    const { title } = quiescer;
    if (this.#held.has(quiescer)) {
      try {
        await within('the verification', VERIFY_MS, (limit) => verified(quiescer, limit), signal);
      } catch (error) {
        this.#failed = true;
        problems.push(new VerifyError(`${title}: ${messageOf(error)}`, { cause: error }));
      }
    }
    const given = this.#held.has(quiescer) ? undefined : this.#holding.get(quiescer);
    if (given !== undefined) await orUndefinedAfter(GIVEN_UP_MS, given);
    try {
      await within('the release', RELEASE_MS, (limit) => released(quiescer, limit), signal);
      this.#tried.delete(quiescer);
    } catch (error) {
      problems.push(new Error(`${title}: ${messageOf(error)}`, { cause: error }));
    }
  }

  #owed(): unknown {
    const owed = [...this.#tried].flatMap(({ id, owed: what }) => (what === undefined ? [] : [{ id, owed: what }]));
    return owed.length === 0 ? undefined : owed;
  }
}

async function verified(quiescer: Quiescer, signal: AbortSignal): Promise<void> {
  await faultPoint('quiescer.verify.before');
  await quiescer.verify(signal);
  await faultPoint('quiescer.verify.after');
}

async function released(quiescer: Quiescer, signal: AbortSignal): Promise<void> {
  await faultPoint('quiescer.release.before');
  await quiescer.release(signal);
  await faultPoint('quiescer.release.after');
}

/** Does it for each in parallel, to the end; adds every failure to `errors`, each naming its application. */
async function settleAll(
  quiescers: readonly Quiescer[],
  errors: Error[],
  work: (quiescer: Quiescer) => Promise<void>,
): Promise<void> {
  await Promise.all(
    quiescers.map(async (quiescer) => {
      try {
        await work(quiescer);
      } catch (error) {
        errors.push(new Error(`${quiescer.title}: ${messageOf(error)}`, { cause: error }));
      }
    }),
  );
}
